"""How heavy the site is: each page with its own figures, and what all pages share."""

import re

IMAGE = re.compile(r'src="([^"]*_images/[^"]+)"')
MEGABYTE = 1e6


def page_weight(page):
    """Bytes of a rendered page and of the figures on it."""
    images = {(page.parent / source).resolve() for source in IMAGE.findall(page.read_text("utf-8"))}
    return page.stat().st_size + sum(image.stat().st_size for image in images)


def shared_weight(html):
    """Bytes of the files that every page of the site in a folder may use: styles, scripts, fonts."""
    return sum(path.stat().st_size for path in (html / "_static").rglob("*") if path.is_file())


def weight_report(html):
    """One line on the weight of the site in a folder."""
    pages = {path: page_weight(path) for path in (html / "book").rglob("*.html")}
    heaviest = max(pages, key=pages.get)
    return (
        f"{len(pages)} pages with their figures {sum(pages.values()) / MEGABYTE:.1f} MB, "
        f"the heaviest {heaviest.relative_to(html).with_suffix('').as_posix()} {pages[heaviest] / MEGABYTE:.2f} MB; "
        f"shared by all {shared_weight(html) / MEGABYTE:.1f} MB"
    )
