"""The examples in the docstrings give what they say, and every public name has the sections that a reader needs."""

import doctest
import importlib
import inspect

import pytest

from learning_dynamics import random_matrix

OWN = [getattr(random_matrix, name) for name in random_matrix.__all__]
MODULES = sorted({item.__module__ for item in OWN})


def test_examples():
    results = [doctest.testmod(importlib.import_module(name)) for name in MODULES]
    assert sum(result.attempted for result in results) > 10
    assert sum(result.failed for result in results) == 0


@pytest.mark.parametrize("item", OWN, ids=lambda item: item.__name__)
def test_sections(item):
    text = inspect.getdoc(item)
    sections = ("Returns", "Raises") if inspect.isfunction(item) else ("Parameters",)
    if inspect.isfunction(item) and inspect.signature(item).parameters:
        sections += ("Parameters",)
    if inspect.isclass(item) and item is not random_matrix.MixtureClassification:
        sections = ("Attributes",)
    assert all(f"\n{section}\n---" in text for section in sections)
