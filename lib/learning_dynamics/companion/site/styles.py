"""One lean style sheet of a site: what its pages use of many, with the fonts in it."""

import base64
import io
import re
from functools import partial
from pathlib import Path

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont

STATES = frozenset(
    "show showing hide fade collapse collapsed collapsing tooltip tooltip-inner tooltip-arrow bs-tooltip-auto".split()
)
"""Classes and names that the theme's scripts give to parts of a page, beside those that stand in the scripts of the site."""

GLYPH = re.compile(r"mjx-c[0-9A-F]+")
VARIANT = "TEX-"
"""Classes of a formula's characters, and how those of their fonts begin."""

MATH_FONT = "MJXTEX"
CLASSES = re.compile(r'class="([^"]*mjx-c[0-9A-F][^"]*)"')
IMPORT = re.compile(r'@import\s+(?:url\()?"([^"]+)"\)?\s*;')
ADDRESS = re.compile(r"url\(\s*[\"']?(?!data:)([^\"')]+)[\"']?\s*\)")
FORMATS = (".ttf", ".woff")
"""Fonts that can be cut down without further packages."""

SETTING = re.compile(r"(?<![\w-])(--[\w-]+)\s*:[^;{}\"']*(?:;|(?=}))")
VARIABLE = re.compile(r"(?<![\w-])(--[\w-]+)\s*:")
USED = re.compile(r"var\(\s*(--[\w-]+)")
RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
TEXT = re.compile(r"content:\s*\"((?:[^\"\\]|\\.)*)\"|--pst-icon-[\w-]+:\s*\"((?:[^\"\\]|\\.)*)\"")
ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")


def lean_styles(paths, names):
    """One style sheet for a site.

    Parameters
    ----------
    paths : list of Path
        The site's style sheets in their order; what they import is found beside them.
    names : set of str
        Tags, classes and ids of the pages, and what scripts may add.  A rule that needs another one is left out.

    Returns
    -------
    str
        The rules that apply, with the fonts cut down to the characters that the rules name, inside.
    """
    text = "".join(_with_imports(path) for path in paths)
    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    kept = "".join(_kept(rules, names | STATES))
    faces = [rule for rule in rules if getattr(rule, "lower_at_keyword", "") == "font-face"]
    return _without_unused_variables("".join(filter(None, (_lean_font(face, kept) for face in faces))) + kept)


def _with_imports(path):
    """A style sheet with what it imports, and with the addresses in it made absolute."""
    text = path.read_text("utf-8").replace('@charset "UTF-8";', "")
    imported = "".join(_with_imports((path.parent / name).resolve()) for name in IMPORT.findall(text))
    return imported + ADDRESS.sub(lambda match: f'url("{_absolute(path, match[1])}")', IMPORT.sub("", text))


def _absolute(path, address):
    return address if address.startswith("#") else (path.parent / address.partition("?")[0]).resolve().as_uri()


def _kept(rules, names):
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [one for one in _selectors(rule.prelude) if _applies(one, names)]
            if selectors:
                yield ",".join(map(_short, selectors)) + "{" + _short(rule.content) + "}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            text = "".join(_kept(inner, names))
            if text:
                yield f"@{rule.lower_at_keyword} {_short(rule.prelude)}{{{text}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword != "font-face":
            block = "{" + _short(rule.content) + "}" if rule.content is not None else ";"
            yield f"@{rule.at_keyword} {_short(rule.prelude)}{block}"


def _selectors(tokens):
    found = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            found.append([])
        else:
            found[-1].append(token)
    return found


def _applies(selector, names):
    """Whether all classes, ids and tags of a selector are there; what stands in brackets does not count."""
    before = ""
    for token in selector:
        if token.type == "hash" and token.value not in names:
            return False
        if token.type == "ident" and GLYPH.fullmatch(token.value) and _classes(selector) not in names:
            return False
        if token.type == "ident" and before != ":" and token.value not in names and token.value.lower() not in names:
            return False
        before = token.value if token.type == "literal" else ""
    return True


def _classes(selector):
    """The classes of a glyph's selector, as `glyphs` writes them."""
    return _glyph(token.value for token in selector if token.type == "ident")


def glyphs(page):
    """The glyphs of the formulas of a page, each as its classes."""
    return {_glyph(found.split()) for found in CLASSES.findall(page)}


def _glyph(classes):
    return " ".join(sorted(one for one in classes if GLYPH.fullmatch(one) or one.startswith(VARIANT)))


def _short(tokens):
    tokens = [token for token in tokens if token.type != "comment"]
    text = "".join(token.serialize() if token.type != "whitespace" else " " for token in tokens)
    return text.strip()


def _lean_font(face, kept):
    """A font with the characters that the rules name; nothing where no rule asks for the font."""
    declared = {d.lower_name: d for d in tinycss2.parse_declaration_list(face.content) if d.type == "declaration"}
    family = next(token.value for token in declared["font-family"].value if token.type in ("string", "ident"))
    if not re.search(rf"[\"',:\s]{re.escape(family)}[\"',;}}\s]", kept):
        return ""
    sources = [Path(re.sub("^file://", "", found)) for found in ADDRESS.findall(_short(declared["src"].value))]
    source = next((path for path in sources if path.suffix in FORMATS and path.exists()), None)
    if source is None:
        return ""
    rest = "".join(f"{name}:{_short(d.value)};" for name, d in declared.items() if name not in ("src", "font-display"))
    data = base64.b64encode(cut_font(source, characters(kept, family))).decode()
    return f'@font-face{{{rest}src:url("data:font/woff;base64,{data}") format("woff")}}'


def characters(styles, family):
    """The characters that the rules of a style sheet put on pages in a font; rules for parts of tall signs count for all."""
    variant = family.removeprefix(MATH_FONT)
    found = "".join(_text(body) for selector, body in RULE.findall(styles) if _may_use(selector, family, variant))
    return set(found)


def _may_use(selector, family, variant):
    if not GLYPH.search(selector) or "stretchy" in selector:
        return True
    if not family.startswith(MATH_FONT):
        return False
    return f".{VARIANT}{variant[1:]}:" in selector if variant else f".{VARIANT}" not in selector


def _text(body):
    texts = (match[1] or match[2] or "" for match in TEXT.finditer(body))
    return "".join(ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) for text in texts)


def cut_font(path, wanted):
    """A font with the glyphs of some characters alone, as WOFF; whole where it has none of them, for it then gives a height."""
    options = subset.Options(flavor="woff", layout_features=[], hinting=False, drop_tables=["FFTM"])
    with TTFont(path, recalcTimestamp=False) as font:
        codes = {ord(character) for character in wanted} & set(font.getBestCmap())
        if codes:
            cutter = subset.Subsetter(options)
            cutter.populate(unicodes=sorted(codes))
            cutter.subset(font)
        font.flavor = "woff"
        content = io.BytesIO()
        font.save(content)
    return content.getvalue()


def _without_unused_variables(styles):
    """Variables that no rule reads are left out, and then those that only they read."""
    while True:
        read = set(USED.findall(styles))
        if not set(VARIABLE.findall(styles)) - read:
            return styles
        shorter = SETTING.sub(partial(_kept_if_read, read), styles)
        if shorter == styles:
            return styles
        styles = shorter


def _kept_if_read(read, setting):
    return setting[0] if setting[1] in read else ""
