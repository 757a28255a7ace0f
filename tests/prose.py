"""What a reader reads: the text of pages, captions, descriptions and the registry, without formulas and code."""

import re

import yaml

from .test_book import NOTEBOOKS, PROJECT, cells

RAW_BLOCKS = ("{math}", "{code-block}", "{eval-rst}", "{bibliography}")
NO_WORDS = re.compile(
    r"\$\$.*?\$\$|\$[^$]+\$|\{[\w:-]+\}`[^`<]*(?:<[^>]*>)?`|`[^`]*`|\]\([^)]*\)|https?://\S+|<[^>]+>|^\(\S+\)=$|^:[\w-]+:[^\n]*$",
    re.DOTALL | re.MULTILINE,
)
FENCE = re.compile(r"\s*(`{3,}|:{3,})\s*(\{[\w:-]+\})?(.*)$")


def texts():
    """Name of a source → its prose."""
    found = {f"{name}.ipynb": _of_notebook(name) for name in NOTEBOOKS}
    found |= {path.name: of_markdown(path.read_text("utf-8")) for path in PROJECT.book.glob("*.md")}
    found |= {path.name: of_markdown(path.read_text("utf-8")) for path in PROJECT.root.glob("*.md")}
    registry = yaml.safe_load((PROJECT.book / "registry.yml").read_text("utf-8"))
    return found | {"registry.yml": "\n".join(map(_of_entry, registry["entries"]))}


def _of_notebook(name):
    parts = [cell.source for cell in cells(name, "markdown")]
    for cell in cells(name):
        mystnb = cell.metadata.get("mystnb", {})
        parts += [mystnb.get("image", {}).get("alt", ""), mystnb.get("figure", {}).get("caption", "")]
    return of_markdown("\n\n".join(parts))


def _of_entry(entry):
    sources = [item["source"] for item in entry.get("references", [])]
    return of_markdown("\n".join([entry["statement"], entry.get("reason", ""), *sources]))


def of_markdown(text):
    """The prose of a text in MyST Markdown."""
    return NO_WORDS.sub(" ", "\n".join(_outside_raw_blocks(text.splitlines())))


def _outside_raw_blocks(lines):
    blocks = []
    for line in lines:
        fence = FENCE.match(line)
        if fence and blocks and not fence[2] and not fence[3].strip():
            blocks.pop()
        elif fence and not (blocks and blocks[-1] == "raw"):
            blocks.append("raw" if not fence[2] or fence[2] in RAW_BLOCKS else "prose")
            yield fence[3] if " " in fence[3].strip() else ""
        elif not blocks or blocks[-1] == "prose":
            yield line
