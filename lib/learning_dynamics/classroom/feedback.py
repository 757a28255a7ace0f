"""Feedback pages that need nothing beside themselves and run nothing: what a notebook shows passes an allow-list, formulas become MathML.

No script, no frame, no form, no style and no picture from elsewhere survives; a content policy in the page forbids the rest.
"""

import base64
import html
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from urllib.parse import unquote

import bleach
from latex2mathml.converter import convert
from markdown_it import MarkdownIt

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(\S|\S.*?\S)\$", re.DOTALL)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b\x0c\x0e-\x1f]")
TAGS = frozenset(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre q s"
    " samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split()
)
ATTRIBUTES = {
    "*": ["title", "lang", "dir"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}
DATA_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*\Z")
PICTURE = re.compile(r"""<img\b(?:[^<>"']|"[^"]*"|'[^']*')*>""", re.IGNORECASE)
SOURCE = re.compile(r"""\ssrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
ATTACHED = "attachment:"
ADDRESS = re.compile(
    r"""(?P<before>!\[[^\]\n]*\]\(\s*)(?P<address>attachment:(?:[^<>()\n]|\([^()\n]*\))+?)(?P<after>\s*(?:\s"[^"\n]*"|\s'[^'\n]*')?\s*\))"""
)
"""An attachment in Markdown; blanks in its name, which Markdown does not allow, are what students write."""
TAG = re.compile(r"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
HELD = re.compile("\ue000(\\d+)\ue001")
LONGEST_ADDRESS = 80
MATH = "{http://www.w3.org/1998/Math/MathML}"
MATH_TAGS = frozenset(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mlabeledtr mstyle mpadded"
    " mphantom menclose mfenced mmultiscripts mprescripts none semantics".split()
)
MATH_ATTRIBUTES = frozenset(
    "display mathvariant stretchy fence separator form lspace rspace largeop movablelimits accent accentunder linethickness columnalign rowspacing"
    " columnspacing columnlines rowlines width height depth minsize maxsize displaystyle scriptlevel notation open close separators".split()
)
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0 }
th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; vertical-align: top }
pre { overflow-x: auto; padding: .6rem; border: 1px solid #8888; margin: .4rem 0 }
img { max-width: 100%; background: #fff }
.notebook { border: 1px solid #8888; padding: 0 1rem; margin: 1rem 0 }
.output { border-left: .25rem solid #8888; padding-left: .6rem }
.verdict { border: 2px solid #2a7; padding: .4rem .6rem; margin: .4rem 0 }
.verdict.lost { border-color: #c63 }
.said { font-size: .9rem; font-style: italic }
"""
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def page(title, body):
    """A complete page; `title` is text and `body` HTML that is ours or cleaned."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def rendered(text, attachments=None):
    """Markdown of a student's as clean HTML, with its attached pictures and its formulas."""
    held, formulas = _hold_formulas(text)
    made = MARKDOWN.render(ADDRESS.sub(_with_brackets, held))
    return _release_formulas(cleaned(made, attachments), formulas)


def cleaned(text, attachments=None):
    """HTML of anybody's with what is allowed, and nothing else; a note stands for a picture that cannot be shown."""
    text = re.sub(r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)", "", text)
    text = PICTURE.sub(lambda match: _with_picture(match.group(), attachments), text)
    return bleach.clean(text, tags=TAGS, attributes=_allowed, protocols=["http", "https", "mailto", "data"], strip=True)


def _allowed(tag, name, value):
    if name not in [*ATTRIBUTES["*"], *ATTRIBUTES.get(tag, ())]:
        return False
    if name == "href":
        return bool(re.match(r"(https?://|mailto:|#)", value.strip(), re.IGNORECASE))
    if name == "src":
        return bool(DATA_PICTURE.match(value.strip()))
    return True


def _with_brackets(match):
    before, address, after = match.groups()
    return f"{before}<{address}>{after}" if " " in address else match.group()


def _with_picture(tag, attachments):
    """The tag of a picture with an attachment in it, or a note where there is no picture."""
    found = SOURCE.search(tag)
    address = html.unescape(next(filter(None, found.groups()), "")).strip() if found else ""
    if DATA_PICTURE.match(address):
        return tag
    name = address.removeprefix(ATTACHED)
    if name == address:
        return _note(f"a picture that is not in the notebook is not shown: {_shortened(address) or 'it has no address'}")
    formats = _attachment(name, attachments)
    if formats is None:
        return _note(f"the picture {_shortened(_file_name(name))} is not attached to this cell")
    data = next(filter(DATA_PICTURE.match, (_data_address(*each) for each in formats.items())), None)
    if data is None:
        return _note(f"the picture {_shortened(_file_name(name))} cannot be shown: what is attached is no picture")
    return f'{tag[: found.start()]} src="{data}"{tag[found.end() :]}'


def _attachment(name, attachments):
    """What is attached under a name, percent-encoded or not and in any form of its accents; None where nothing is."""
    kept = attachments if isinstance(attachments, dict) else {}
    by_name = {_file_name(key): key for key in kept} | {unicodedata.normalize("NFC", key): key for key in kept}
    found = kept.get(by_name.get(unicodedata.normalize("NFC", name), by_name.get(_file_name(name))))
    return found if isinstance(found, dict) else None


def _file_name(name):
    return unicodedata.normalize("NFC", unquote(name)).strip()


def _data_address(kind, data):
    lines = data if isinstance(data, list) else [data]
    text = "".join(line for line in lines if isinstance(line, str))
    return f"data:{kind};base64,{''.join(text.split())}" if text else ""


def _note(text):
    return f"<em>[{html.escape(text)}]</em>"


def _shortened(text):
    return text if len(text) <= LONGEST_ADDRESS else f"{text[:LONGEST_ADDRESS]}…"


def _hold_formulas(text):
    """Take formulas out of Markdown, which would read their stars and underscores; code keeps its dollars."""
    formulas = []

    def hold(match):
        if match.group("code"):
            return match.group()
        formulas.append(match.group())
        return f"\ue000{len(formulas) - 1}\ue001"

    code = r"(?P<code>^(?:```|~~~).*?^(?:```|~~~)\s*?$|`[^`\n]*`)"
    return re.sub(
        f"{code}|{FORMULA.pattern}", hold, text.replace("\ue000", "").replace("\ue001", ""), flags=re.DOTALL | re.MULTILINE
    ), formulas


def _release_formulas(text, formulas):
    """Formulas as MathML, and as text where they stand in an attribute, such as the words for a picture."""
    text = TAG.sub(lambda tag: HELD.sub(lambda match: html.escape(formulas[int(match.group(1))]), tag.group()), text)
    return HELD.sub(lambda match: _with_mathml(formulas[int(match.group(1))]), text)


def _with_mathml(text):
    pieces, end = [], 0
    for match in FORMULA.finditer(text):
        pieces += [html.escape(text[end : match.start()], quote=False), _mathml(match)]
        end = match.end()
    return "".join([*pieces, html.escape(text[end:], quote=False)])


def _mathml(match):
    displayed, inline = match.groups()[-2:]
    try:
        return _allowed_mathml(convert(displayed or inline, display="block" if displayed else "inline"))
    except Exception:  # a student may have written anything between two dollar signs
        return html.escape(match.group(), quote=False)


def _allowed_mathml(text):
    """MathML with known elements and attributes only; raises ValueError at any other element."""
    root = ElementTree.fromstring(text)
    for element in root.iter():
        name = element.tag.replace(MATH, "")
        if name not in MATH_TAGS:
            raise ValueError(f"the element {name} is not allowed")
        element.tag = name
        for attribute in set(element.attrib) - MATH_ATTRIBUTES:
            del element.attrib[attribute]
    root.set("xmlns", MATH[1:-1])
    return ElementTree.tostring(root, encoding="unicode")


def cell_html(cell, says=""):
    """One cell of a notebook with its outputs, and what is said about it."""
    if cell["cell_type"] == "markdown":
        body = rendered(cell["source"], cell.get("attachments"))
    else:
        body = f"<pre><code>{html.escape(cell['source'])}</code></pre>"
    said = f'<p class="said">{html.escape(says)}</p>' if says else ""
    return said + body + "".join(_output(output) for output in cell.get("outputs", ()))


def _output(output):
    kind = output["output_type"]
    if kind == "stream":
        return "" if output["name"] == "stderr" else _block(output["text"])
    if kind == "error":
        return _block("\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}")
    return f'<div class="output">{_shown(output["data"])}</div>'


def _shown(data):
    if "image/svg+xml" in data:
        return _picture("image/svg+xml", base64.b64encode(data["image/svg+xml"].encode()).decode())
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            return _picture(kind, "".join(data[kind].split()))
    if "text/html" in data:
        return cleaned(data["text/html"])
    for kind in ("text/markdown", "text/latex"):
        if kind in data:
            return rendered(data[kind])
    return _block(data.get("text/plain", ""))


def _picture(kind, data):
    address = f"data:{kind};base64,{data}"
    return f'<img alt="output" src="{address}">' if DATA_PICTURE.match(address) else _block("[a picture that cannot be shown]")


def _block(text):
    return f'<pre class="output">{html.escape(ESCAPES.sub("", text))}</pre>'
