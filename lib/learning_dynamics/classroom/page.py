"""A plain page from Markdown."""

import html

from nbconvert.filters import markdown2html

STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0 }
th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; vertical-align: top }
pre { overflow-x: auto; padding: .6rem; border: 1px solid #8888 }
th { overflow-wrap: normal }
a.anchor-link { display: none }
"""


def page(title, markdown):
    """A complete HTML page, readable without network, from Markdown without mathematics."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{markdown2html(markdown)}\n</body></html>\n"
    )
