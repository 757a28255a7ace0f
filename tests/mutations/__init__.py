"""The mutation test of the book: each error of a list, put into a copy of the library, must make a verdict disagree.

``python -m tests.mutations`` runs the list and writes ``book/mutations.csv``.
"""
