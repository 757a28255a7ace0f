"""What a page says to readers who hear it, or who walk through it by keyboard, beyond what the theme says."""

import html
import re
from collections import Counter
from xml.etree import ElementTree

CELL = re.compile(r'<div class="cell [^"]*" id="(code|table)-([\w-]+)">\s*$')
OF = {"code": "code of", "table": "code of the table of"}
SECTION_NUMBER = re.compile(r'<h[1-3]><span class="section-number">([\d.]+)\. </span>')
DETAILS = '<details class="admonition hide above-input">\n'
NEAR = 400
"""Characters before folded code in which its cell begins."""

FIGURE_NUMBER = re.compile(r'<figure\b[^>]*\bid="([\w-]+)"[^>]*>.*?<span class="caption-number">([^<]*)</span>', re.DOTALL)
FOLDED = re.compile(
    r'<summary aria-label="Toggle hidden content">\s*<p class="collapsed admonition-title">Show ([^<]*)</p>\s*'
    r'<p class="expanded admonition-title">Hide [^<]*</p>'
)
REPEATED = re.compile(r' id="(?:proof|exercise|solution)-content"|(?<=class="proof admonition") id="proof"')
STATEMENT = re.compile(r'<div class="((?:proof|exercise|solution) [^"]*)" id="([^"]+)">(\s*)<p class="admonition-title">')
TABLE = re.compile(r'<table class="table">.*?</table>', re.DOTALL)
EMPTY_HEAD = re.compile(r'<th class="(head[^"]*)"><p></p></th>')
HEAD_CELL = re.compile(r'<t([hd]) class="head[^"]*"[^>]*>(.*?)</t\1>', re.DOTALL)
FORMULA_ALONE = re.compile(
    r'(<th class="head[^"]*"><p>)<span (class="math[^"]*"><mjx-container(?:(?!</mjx-container>).)*(<math>(?:(?!</math>).)*</math>)'
    r"(?:(?!</mjx-container>).)*</mjx-container></span></p></th>)",
    re.DOTALL,
)
SIDEBAR = '<div id="pst-primary-sidebar"'
ROW = re.compile(r"<tr\b[^>]*>(?:(?!</tr>).)*</tr>", re.DOTALL)
DATA_CELL = re.compile(r"<td(?: class=\"([^\"]*)\")?>")
VERDICT = "against"
"""Stands in the headings of the columns that hold verdicts."""


def accessible(page):
    """A page with named code buttons, statements that are groups, no id twice, and verdicts that fit a phone."""
    page = EMPTY_HEAD.sub(r'<td class="\1"></td>', page).replace(SIDEBAR, f'{SIDEBAR} role="complementary" aria-label="Book"', 1)
    page = TABLE.sub(lambda table: with_verdicts_first(table[0]), REPEATED.sub("", page))
    page = FORMULA_ALONE.sub(_as_named_heading, page)
    return STATEMENT.sub(_as_group, with_named_code(page))


def with_named_code(page):
    """Folded code is called after the figure that it draws, or after its section and its place there."""
    numbers = {label: number.strip() for label, number in FIGURE_NUMBER.findall(page)}
    sections = [(match.start(), match[1]) for match in SECTION_NUMBER.finditer(page)]
    seen = Counter()

    def named(match):
        cell = CELL.search(page[max(0, match.start() - NEAR) : match.start()].removesuffix(DETAILS))
        number = numbers.get(cell[2], "") if cell else ""
        what = f"{OF[cell[1]]} {number}" if number else _place(match, sections, seen)
        return (
            f'<summary>\n<p class="collapsed admonition-title">Show {what}</p>\n'
            f'<p class="expanded admonition-title">Hide {what}</p>'
        )

    return FOLDED.sub(named, page)


def _place(match, sections, seen):
    """Code of a section, with its number among those of the section; `seen` counts them."""
    section = next((number for start, number in reversed(sections) if start < match.start()), "")
    what = f"code of section {section}" if section else match[1]
    seen[what] += 1
    return f"{what}, part {seen[what]}" if section else f"{what} {seen[what]}"


def _as_named_heading(match):
    begin, rest, formula = match.groups()
    name = html.escape(on_one_line(ElementTree.fromstring(formula)))
    return f'{begin}<span class="heading-name">{name}</span><span aria-hidden="true" {rest}'


def on_one_line(formula):
    """MathML as a text: what a column is called where its heading is a formula, of which not every program reads the name."""
    inner = [on_one_line(child) for child in formula]
    if formula.tag == "msup":
        return inner[0] + ("²" if inner[1] == "2" else f"^({inner[1]})")
    if formula.tag == "msqrt":
        return f"√({''.join(inner)})"
    return (formula.text or "").strip() + "".join(inner)


def _as_group(match):
    kinds, name, space = match.groups()
    title = f"{html.escape(name)}-title"
    return f'<div role="group" aria-labelledby="{title}" class="{kinds}" id="{name}">{space}<p class="admonition-title" id="{title}">'


def with_verdicts_first(table):
    """A table of verdicts with what a phone needs to show its rows as cards, verdicts first; another table as it is."""
    headings = [_words(cell) for _, cell in HEAD_CELL.findall(table)]
    if not any(VERDICT in heading for heading in headings):
        return table
    head, separator, body = table.partition("</thead>")
    head = head.replace('<table class="table">', '<table class="table verdicts" role="table">', 1)
    head = head.replace("<tr ", '<tr role="row" ').replace("<th ", '<th role="columnheader" ')
    return head + separator + ROW.sub(lambda row: _labelled(row[0], headings), body)


def _labelled(row, headings):
    columns = enumerate(headings)

    def labelled(match):
        place, heading = next(columns, (1, ""))
        classes = " ".join(filter(None, [match[1], "verdict" if VERDICT in heading else ""]))
        role = "cell" if place else "rowheader"
        return f'<td role="{role}" class="{classes}" data-label="{html.escape(heading)}">'

    return DATA_CELL.sub(labelled, row).replace("<tr ", '<tr role="row" ', 1)


def _words(cell):
    return " ".join(html.unescape(re.sub(r"<mjx-math\b.*?</mjx-math>|<[^>]*>", "", cell, flags=re.DOTALL)).split())
