"""Any table, written in any of the usual ways, is read back exactly; one wrong character never moves a column."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from femanode.config.complaints import Place
from femanode.errors import ConfigError
from femanode.study.curves import DataModel, read_curve

MODEL = DataModel.model_validate({"file": "d.csv", "time": {"column": "t", "unit": "s"},
                                  "value": {"column": "L", "unit": "nm"}})
STEADY = settings(max_examples=300, deadline=None, derandomize=True, database=None)

Row = tuple[float, float]


@dataclass(frozen=True)
class Way:
    """How a program saves a table."""

    separator: str
    decimal: str
    quoted: bool
    line_end: str
    mark: bool
    comment: bool
    trailing: int
    extra: bool

    def text(self, rows: Sequence[Row]) -> str:
        """The table with two decimals, so that no number can be thousands."""
        table = [["t", "L"], *([f"{x:.2f}".replace(".", self.decimal) for x in row] for row in rows)]
        if self.extra:
            table = [["n", *table[0]], *([str(k), *row] for k, row in enumerate(table[1:]))]
        # Commas cannot be both decimals and separators without quotes.
        quote = '"' if self.quoted or self.separator == self.decimal else ""
        lines = [self.separator.join(f"{quote}{cell}{quote}" for cell in row) + self.separator * self.trailing
                 for row in table]
        if self.comment:
            lines = ["# made, by; hand", *itertools.chain.from_iterable((line, "# here 1,2;3") for line in lines)]
        return "\ufeff" * self.mark + self.line_end.join([*lines, ""])


WAYS = st.builds(Way, separator=st.sampled_from([",", ";", "\t", " ", "   "]), decimal=st.sampled_from([".", ","]),
                 quoted=st.booleans(), line_end=st.sampled_from(["\n", "\r\n"]), mark=st.booleans(),
                 comment=st.booleans(), trailing=st.integers(0, 2), extra=st.booleans())
#: Times in hundredths, all different and in any order, and depths.
TABLES = st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**6)), min_size=3, max_size=12,
                  unique_by=lambda row: row[0]).map(lambda rows: [(t / 100, x / 100) for t, x in rows])


def read(content: bytes) -> list[Row]:
    """Times and values of a file with these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "d.csv").write_bytes(content)
        curve = read_curve(MODEL, Path(folder), {(): Place("fit.yaml")})
    return list(zip(curve.time.tolist(), curve.value.tolist(), strict=True))


@STEADY
@given(WAYS, TABLES)
def test_a_table_is_read_back_whatever_way_it_was_written(way: Way, rows: list[Row]) -> None:
    assert read(way.text(rows).encode()) == sorted(rows)


@STEADY
@given(WAYS, TABLES, st.data())
def test_one_wrong_character_changes_one_row_or_is_refused(way: Way, rows: list[Row], data: st.DataObject) -> None:
    text = way.text(rows)
    at = data.draw(st.integers(0, len(text) - 1))
    new = data.draw(st.sampled_from(["", ",", ";", ".", " ", "\t", "\n", '"', "#", "%", "-", "1", "x"]))
    replaced = data.draw(st.booleans())
    try:
        found = read((text[:at] + new + text[at + replaced:]).encode())
    except ConfigError as error:
        assert "\n" not in str(error)
        return
    assert len(set(rows) - set(found)) <= 1
    assert len(set(found) - set(rows)) <= 1


@STEADY
@given(st.one_of(st.binary(max_size=80), st.text("tL,;\t \n\r\"#%.-+0123456789eE", max_size=80).map(
    lambda text: ("t,L\n" + text).encode())))
def test_whatever_a_file_holds_the_answer_is_a_curve_or_one_line(content: bytes) -> None:
    try:
        assert read(content) == sorted(read(content))
    except ConfigError as error:
        assert "\n" not in str(error)
        assert "d.csv" in str(error) or "fit.yaml" in str(error)
