import math

import pytest

from tgan.benchmarks.page.content import Column, Section, Table
from tgan.benchmarks.page.tables import Cell, cells_of, format_number, write_tables


def column_of(entries: dict, best: str | None = None, digits: int = 3) -> dict[str, Cell]:
    """The cells of a table with one column."""
    table = Table("t", [Column("c", best, digits)], {row: [e] for row, e in entries.items()})
    return {row: cells[0] for row, cells in cells_of(table).items()}


def marked(entries: dict, best: str) -> set[str]:
    return {row for row, cell in column_of(entries, best).items() if cell.is_best}


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0123456, 3, "0.0123"),
        (1.0, 3, "1.00"),
        (0.9996, 3, "1.00"),
        (1234.4, 3, "1,230"),
        (99.96, 3, "100"),
        (999_600, 3, "1.00e6"),
        (123_456, 6, "123,456"),
        (-12.34, 2, "-12"),
        (1.234e-7, 3, "1.23e-7"),
        (0.0001, 1, "0.0001"),
        (0.0, 3, "0"),
        (-0.0, 3, "0"),
        (math.inf, 3, "not finite"),
    ],
)
def test_numbers_have_significant_digits(value, digits, text):
    assert format_number(value, digits) == text


def test_a_cell_is_the_mean_and_the_range_over_seeds():
    cells = column_of({"five": [1.5, 2.5, 3.51], "one": [0.25], "none": [], "text": "A"}, digits=2)
    assert cells == {
        "five": Cell("2.5", "(1.5 to 3.5)", pytest.approx(7.51 / 3)),
        "one": Cell("0.25", "", 0.25),
        "none": Cell("–"),
        "text": Cell("A", is_text=True),
    }


def test_counts_keep_their_digits_and_the_mean_stays_inside_the_range():
    cells = column_of({"a": [12_344, 12_346], "b": [12_345, 12_346], "c": [7]})
    assert [(cell.text, cell.spread) for cell in cells.values()] == [
        ("12,345", "(12,344 to 12,346)"),
        ("12,346", "(12,345 to 12,346)"),
        ("7", ""),
    ]


def test_seeds_that_are_not_finite_are_counted_and_never_best():
    entries = {"a": [0.1, math.nan, 0.3], "b": [1.0, 2.0], "c": [math.inf] * 2, "d": [5.0, 6.0]}
    cells = column_of(entries, "low")
    assert (cells["a"].text, cells["a"].spread) == (
        "0.200",
        "(0.100 to 0.300; 1 of 3 not finite)",
    )
    assert cells["c"].text == "not finite"
    assert cells["c"].order > cells["d"].order > cells["b"].order
    assert column_of(entries, "high")["c"].order < cells["a"].order
    assert marked(entries, "low") == {"b"}


def test_all_whose_range_overlaps_with_the_best_are_marked():
    entries = {"a": [1.0, 1.2], "b": [1.19, 3.0], "c": [1.21, 1.3], "d": [], "e": "text"}
    assert marked(entries, "low") == {"a", "b"}
    # b has the best mean; c, whose mean is lower than a's is not, reaches into its range.
    assert marked(entries, "high") == {"a", "b", "c"}
    assert marked({"a": [1.0, 1.1], "b": [1.2, 3.0], "c": [1.15]}, "high") == {"b"}
    assert not any(cell.is_best for cell in column_of(entries).values())


def test_a_column_of_standard_errors_has_them_and_marks_by_them():
    rows = {"a": [[6.0, 7.0, 8.0, 7.0]], "b": [[6.0, 9.0, 6.0, 9.0]], "c": [[5.0, 8.0, 5.0, 5.0]]}
    cells = cells_of(Table("t", [Column("modes", best="high", spread="error")], rows))
    found = {row: (cell.text, cell.spread, cell.is_best) for row, (cell,) in cells.items()}
    # Deviations of 0.816, 1.732 and 1.5, by the root of 4. The ranges of all three overlap.
    assert found == {
        "a": ("7", "(± 0.41)", True),
        "b": ("7.50", "(± 0.87)", True),
        "c": ("5.75", "(± 0.75)", False),
    }
    lost = {"a": [[1.0, math.nan]], "b": [[1.0, 2.0, math.nan]]}
    cells = cells_of(Table("t", [Column("modes", spread="error")], lost))
    assert [cell.spread for (cell,) in cells.values()] == [
        "(1 of 2 not finite)",
        "(± 0.50; 1 of 3 not finite)",
    ]


def test_what_is_compared_with_nothing_is_not_best():
    assert marked({"a": [1.0], "b": [], "c": "text"}, "low") == set()
    assert marked({"a": [1.0], "b": [math.inf]}, "low") == {"a"}


def test_a_row_of_another_length_is_named():
    with pytest.raises(ValueError, match="table 't', row 'SVC': 1 entries for 2 columns"):
        cells_of(Table("t", [Column("a"), Column("b")], {"SVC": [[1.0]]}))


def test_sections_as_markdown(tmp_path):
    columns = [Column("distance", "low"), Column("chosen")]
    rows = {"SVC": [[1.0, 1.5], "1e-3"], "a|b <i>": [[2.0, 3.0], "x_y *z*"]}
    section = Section("s", tables=[Table("T", columns, rows, note="Of frechet_pooled192.")])
    write_tables(tmp_path / "tables.md", [section, Section("without tables")])
    assert (tmp_path / "tables.md").read_text("utf-8").splitlines() == [
        "## s",
        "",
        "**T**",
        "",
        "|  | distance | chosen |",
        "| --- | ---: | ---: |",
        "| SVC | **1.25** (1.00 to 1.50) | 1e-3 |",
        "| a\\|b &lt;i> | 2.50 (2.00 to 3.00) | x_y \\*z\\* |",
        "",
        "Of frechet_pooled192.",
    ]
