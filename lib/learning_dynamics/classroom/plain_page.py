"""A plain page from Markdown of ours."""

from markdown_it import MarkdownIt

from .feedback import page as complete


def page(title, markdown):
    """A complete HTML page, readable without network, from Markdown without mathematics."""
    return complete(title, MarkdownIt("commonmark").enable("table").render(markdown))
