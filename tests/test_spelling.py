"""Spelling: words of the language or of ``words.txt``, British throughout, and no well-known slip anywhere."""

import re
import subprocess
import sys
from pathlib import Path

import codespell_lib
import pytest
from spellchecker import SpellChecker

from .prose import of_markdown, texts

WORD = re.compile(r"\b[A-Za-zÀ-ÿ]{3,}(?:['’][a-z]+)?\b")
OWN_WORDS = set(Path(__file__).with_name("words.txt").read_text("utf-8").split())
AMERICAN = Path(codespell_lib.__file__).with_name("data") / "dictionary_en-GB_to_en-US.txt"
ALSO_BRITISH = {"math", "program", "biased", "capitalize"}
LATEX_AND_NAMES = "oint,numer"
TEXTS = texts()


def words(text):
    return {word.replace("’", "'").lower().removesuffix("'s") for word in WORD.findall(text)}


def american():
    """British spelling → American spelling."""
    pairs = (line.split("->") for line in AMERICAN.read_text("utf-8").splitlines())
    return {british: american.split(",")[0].strip() for british, american in pairs}


BRITISH = american()
AMERICANISMS = set(BRITISH.values()) - BRITISH.keys() - ALSO_BRITISH


def known(word, checker):
    """Whether a word, or its American form, is in the dictionary."""
    return word in checker or BRITISH.get(word, word) in checker


@pytest.fixture(scope="module")
def checker():
    return SpellChecker()


@pytest.mark.parametrize("name", TEXTS)
def test_every_word_is_known(checker, name):
    unknown = sorted(word for word in words(TEXTS[name]) - OWN_WORDS if not known(word, checker))
    assert not unknown, "mend them, or add them to tests/words.txt where they are right"


@pytest.mark.parametrize("name", TEXTS)
def test_spelling_is_british(name):
    assert words(TEXTS[name]) & AMERICANISMS == set()


def test_no_well_known_slip_in_text_or_code(root):
    places = ["book", "lib", "tests", "benchmarks", *root.glob("*.md"), *root.glob("*.yml")]
    options = ["--builtin", "clear,rare", "-L", LATEX_AND_NAMES, "--skip", "test_spelling.py,words.txt"]
    command = [sys.executable, "-m", "codespell_lib", *map(str, [*options, *places])]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_own_words_are_needed_and_in_order(checker):
    lines = Path(__file__).with_name("words.txt").read_text("utf-8").split()
    used = set().union(*map(words, TEXTS.values()))
    assert lines == sorted(set(lines))
    assert [word for word in lines if known(word, checker) or word not in used] == []


def test_what_is_checked_is_prose():
    text = "A word $x^2$ and `code`, {doc}`title <place>`.\n\n```python\nprnt()\n```\n"
    text += (
        "```{prf:theorem} (A naem)\n:label: thm-labl\nInside\n```\n```{math}\n:label: eq-labl\nxyzz\n```\nEnd of $$\nqwrt\n$$ it."
    )
    assert words(of_markdown(text)) == {"word", "and", "naem", "inside", "end"}
    assert all(len(words(text)) > 40 for name, text in TEXTS.items() if name.count("/"))


@pytest.mark.parametrize("slip", ["eigenvlaue", "recieve", "simualtion", "gradiant", "theshold", "independant"])
def test_slips_are_found(checker, slip):
    assert not known(slip, checker) and slip not in OWN_WORDS


def test_american_spellings_are_found():
    assert {"generalization", "color", "center", "optimize"} <= AMERICANISMS
