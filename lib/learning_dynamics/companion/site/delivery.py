"""Delivery: from the site as Sphinx makes it to the one that readers load, with few and small files."""

import hashlib
import re
import shutil
import struct
from pathlib import Path, PurePosixPath

from learning_dynamics.companion.records.figures import light_picture
from learning_dynamics.companion.site.accessible import accessible
from learning_dynamics.companion.site.head import Head
from learning_dynamics.companion.site.search_data import DATA, read_page, write_search_data
from learning_dynamics.companion.site.styles import glyphs, lean_styles

STATIC = "_static"
IMAGES = "_images"
STYLES, SCRIPTS = f"{STATIC}/site.css", f"{STATIC}/site.js"
ICONS = "fontawesome.js"
"""A script of the theme that draws icons; the style sheet has them in a font of a few kilobytes."""

SEARCHING = ("searchtools.js", "language_data.js", "searchindex.js")
"""Sphinx's own search; ours is loaded with the search dialog."""

LIBRARY = "bootstrap.js"
"""Its words are no sign that a class is used: the theme uses two of its many parts."""

ALONE = ("explorers.js", "run_box.js", "uplot.js")
"""Scripts that few pages need; the first loads the last, and a box that is opened the other."""

WHOLE = ("uPlot.min.css",)
"""Style sheets of which every rule stays: a script puts the names of their classes together."""

STYLE_LINK = re.compile(r'<link\b(?=[^>]*\brel="stylesheet")[^>]*\bhref="([^"?]+)[^"]*"[^>]*>\n?')
SCRIPT_TAG = re.compile(r'[ \t]*<script\b[^>]*\bsrc="([^"?]+)[^"]*"[^>]*></script>\n?')
PRELOADED = re.compile(r'[ \t]*<link\b(?=[^>]*\brel="preload")[^>]*>\n?')
OPTIONS = re.compile(r"<script[^>]*>\s*DOCUMENTATION_OPTIONS\.\w+ = [^<]*</script>\n?")
"""They belong to Sphinx's own search and index."""

IMAGE = re.compile(r'<img\b[^>]*\bsrc="([^":]+)"[^>]*>')
TWICE = re.compile(r'<span class="([^"]+)"><span class="pre">([^<]*)</span></span>')
"""Words of signatures, which Sphinx puts into two boxes each."""

NAMES = re.compile(r'(?:class|id)="([^"]*)"')
TAG = re.compile(r"<([a-zA-Z][\w-]*)")
WORD = re.compile(r"[A-Za-z][\w-]*")
BOOK_PAGES = "book"


def deliver(made, target, *, source=None, base="", version=None):
    """Write the site that readers load.

    Parameters
    ----------
    made : Path
        The site as Sphinx made it; it is not changed.
    target : Path
        A folder that does not exist yet.
    source : Path, optional
        The assembled book, for the words by which readers search.
    base : str
        The site's public address, or nothing.
    version : str, optional
        What stands in the footer of each page: version, date, commit.
    """
    paths = sorted(path for path in made.rglob("*.html") if made / STATIC not in path.parents)
    pages = {path.relative_to(made).as_posix(): path.read_text("utf-8") for path in paths}
    styles, scripts = _shared_files(made, pages)
    shutil.copytree(made, target, ignore=_not_copied(made))
    _lighten(target / IMAGES)
    bundle = "\n;".join(path.read_text("utf-8") for path in scripts)
    lean = {name: _lean_page(made, name, page) for name, page in pages.items()}
    sheet = lean_styles(styles, _names(lean.values(), made, scripts)).replace(f"{(made / STATIC).resolve().as_uri()}/", "")
    versions = {STYLES: sheet, SCRIPTS: _without_map(bundle)}
    (target / STATIC).mkdir()
    for name, content in versions.items():
        (target / name).write_text(content, "utf-8")
    known = {name: read_page(page) for name, page in pages.items() if name.startswith(f"{BOOK_PAGES}/")}
    head = Head(known, base, source)
    digests = {key: _digest(text) for key, text in versions.items()}
    for name, page in lean.items():
        delivered = _with_links(name, page, digests)
        (target / name).write_text(with_version(head.added(name, delivered), version), "utf-8")
    write_search_data(known, source, target / STATIC)
    head.write_not_found(target)
    head.write_entrance(target)
    _copy_used(made / STATIC, target)


def _not_copied(made):
    return lambda folder, names: [STATIC, *SEARCHING] if Path(folder) == made else []


def _lighten(images):
    for path in images.glob("*.png"):
        path.write_bytes(light_picture(path.read_bytes()))


def _shared_files(made, pages):
    """The style sheets and the scripts of all pages, in their order, each once."""
    styles, scripts = {}, {}
    for name, page in pages.items():
        for kind, pattern in ((styles, STYLE_LINK), (scripts, SCRIPT_TAG)):
            kind |= {path: None for path in (_place(made, name, link) for link in pattern.findall(page)) if path.exists()}
    return list(styles), [path for path in scripts if path.name not in (ICONS, *SEARCHING, *ALONE)]


def _place(made, name, link):
    return (made / name).parent.joinpath(link).resolve()


def _names(pages, made, scripts):
    """Every tag, class, id and glyph of the pages, and every word of the scripts, which may add classes."""
    found = set()
    for page in pages:
        found |= glyphs(page) | set(TAG.findall(page))
        found.update(*(names.split() for names in NAMES.findall(page)))
    alone = [made / STATIC / name for name in ALONE if (made / STATIC / name).exists()]
    for script in (*scripts, *alone):
        if script.name != LIBRARY:
            found.update(WORD.findall(script.read_text("utf-8")))
    for name in WHOLE:
        if (made / STATIC / name).exists():
            found.update(WORD.findall((made / STATIC / name).read_text("utf-8")))
    return found


def _lean_page(made, name, page):
    """A page whose scripts and style sheets are the site's two, of which the links come later."""
    lean = OPTIONS.sub("", PRELOADED.sub("", page))
    lean = SCRIPT_TAG.sub(lambda tag: tag[0] if tag[1].endswith(ALONE) else "", lean)
    return accessible(_with_lazy_images(made, name, TWICE.sub(r'<span class="\1">\2</span>', lean)))


def _with_links(name, page, digests):
    first = STYLE_LINK.search(page)
    if first is None:
        return page
    root = "../" * (len(PurePosixPath(name).parts) - 1)
    links = f'<link rel="stylesheet" href="{root}{STYLES}?v={digests[STYLES]}">\n'
    links += f'<script defer src="{root}{SCRIPTS}?v={digests[SCRIPTS]}"></script>\n'
    return page[: first.start()] + links + STYLE_LINK.sub("", page[first.start() :])


def _with_lazy_images(made, name, page):
    """Pictures have their size, so that nothing moves when they come, and all but the first come when they are near."""
    seen = []

    def with_size(match):
        tag = match[0]
        size = _size(_place(made, name, match[1]))
        if size and " width=" not in tag and "width:" not in tag:
            tag = tag.replace("<img", f'<img width="{size[0]}" height="{size[1]}"', 1)
        if seen and " loading=" not in tag:
            tag = tag.replace("<img", '<img loading="lazy" decoding="async"', 1)
        seen.append(match[1])
        return tag

    return IMAGE.sub(with_size, page)


def _size(path):
    """Width and height of a picture in the format PNG."""
    if path.suffix != ".png" or not path.exists():
        return None
    return struct.unpack(">II", path.read_bytes()[16:24])


def with_version(page, version):
    """A page with the version in its footer."""
    return (
        page.replace('<p class="copyright">', f'<p class="version">{version}</p>\n  <p class="copyright">', 1)
        if version
        else page
    )


def _copy_used(static, target):
    """The files beside style sheet and script that something of the site names."""
    read = [path for path in target.rglob("*") if path.suffix in (".html", ".css", ".js") and path.name != DATA]
    texts = "".join(path.read_text("utf-8") for path in read)
    for path in sorted(static.rglob("*")):
        name = path.relative_to(static).as_posix()
        if path.is_file() and path.suffix in (".js", ".svg", ".png", ".ico", ".woff") and _is_named(name, texts):
            (target / STATIC / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / STATIC / name)


def _is_named(name, texts):
    return f"{STATIC}/{name}" in texts or f'url("{name}")' in texts or f"url({name})" in texts


def _without_map(script):
    return re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:10]
