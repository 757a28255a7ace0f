"""Tables of values without verdicts."""

import pytest

from learning_dynamics.companion import CompanionError, ValueTable, sentence
from learning_dynamics.companion.records.value_tables import as_printed


def test_a_table_with_a_note():
    table = ValueTable("name", "$n$", "error")
    table.row("one", "10", "3e-02")
    table.row("two", -2.0, "0.5 ± 0.1")
    table.note("Both at 1e+06 steps.")
    assert repr(table) == table._repr_markdown_()
    assert table._repr_markdown_() == (
        "| name | $n$ | error |\n| :-- | --: | --: |\n| one | 10 | 3 × 10⁻² |\n| two | −2 | 0.5 ± 0.1 |\n\nBoth at 1 × 10⁶ steps."
    )


def test_a_sentence_stands_alone():
    assert sentence("It is -1.5.")._repr_markdown_() == "It is −1.5."


@pytest.mark.parametrize(
    "value, shown",
    [
        (0.12345, "0.123"),
        (float("inf"), "∞"),
        (None, "—"),
        ("-0.33", "−0.33"),
        ("from -2 to -1", "from −2 to −1"),
        ("2026-11-29", "2026-11-29"),
        ("1.5e-12", "1.5 × 10⁻¹²"),
        ("2e25", "2 × 10²⁵"),
        ("`make-2`", "`make-2`"),
        ("one-pass", "one-pass"),
        ("digits in 7e", "digits in 7e"),
    ],
)
def test_numbers_are_typeset(value, shown):
    assert as_printed(value) == shown


def test_a_column_of_words_is_set_to_the_left():
    table = ValueTable("a", "b", "c", "d")
    table.row("1", "2", "25 draws", "1.5 ± 0.2")
    table.row("—", "two", "8 draws", "(2 ± 1) × 10⁻⁴")
    assert "| --: | :-- | :-- | --: |" in table._repr_markdown_()


def test_a_row_has_as_many_cells_as_there_are_columns():
    with pytest.raises(CompanionError, match="cells of a row must be as many as columns, 2; got 1"):
        ValueTable("a", "b").row("1")
