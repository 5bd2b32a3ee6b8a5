"""A table of numbers as people save it: what stands between values, where the headings are, what each line holds.

The separator is told by the headings that the fit file names: only the right one gives them. `csv.Sniffer` sees
characters alone and fails on comments, aligned blanks and separators at line ends; `pandas.read_csv` moves the columns
aside where all rows are longer than the headings. Quotes within a line are left to `csv`.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from femanode.config.complaints import suggest
from femanode.config.trust import require_inside
from femanode.errors import ConfigError

#: Separators and their names, in the order in which they are tried; a blank stands for any run of blanks and tabs.
SEPARATORS = {";": "semicolons", "\t": "tabs", ",": "commas", " ": "blanks"}
MAX_BYTES = 100_000_000

# A comment begins at # where a line begins, or after a blank or separator, outside quotes: "sample#3" holds none.
_BEFORE_COMMENT = re.compile(r'(?:"[^"]*"|(?<=[^\s,;])#|[^"#]|")*')
_NUMBER_LIKE = re.compile(r"[+-]?[0-9][0-9.,]*([eE][+-]?[0-9]+)?\s*%?")

Line = tuple[int, str]


@dataclass(frozen=True)
class DataFile:
    """Rows of a table, each with its line in the file; every row has a text for every heading."""

    path: Path
    headings: list[str]
    line: int
    rows: list[tuple[int, list[str]]]
    said: list[str]

    def place(self, line: int) -> str:
        """``FILE:LINE`` for messages."""
        return f"{self.path}:{line}"


@dataclass(frozen=True)
class _Head:
    """Where the headings are, and what stands between them."""

    line: int
    separator: str
    headings: list[str]
    commented: bool


def plain_name(text: str) -> str:
    """A heading for comparison: one blank for any run of blanks, one spelling of the signs for micro and angstrom."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def read_datafile(path: Path, wanted: Sequence[str]) -> DataFile:
    """Read the table that has the headings `wanted`.

    Lines above the headings and comments are left out, and so are empty rows and separators at the end of a line. The
    headings may stand in a comment, as numpy.savetxt writes them.

    Parameters
    ----------
    path : Path
        Text in UTF-8, or in UTF-16 with its mark.
    wanted : sequence of str
        Names of the columns that are needed.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ConfigError
        One line with file and line: no such column, a row that is longer or shorter than the headings, no text.
    """
    names = [plain_name(name) for name in wanted]
    lines = [(k, line) for k, line in enumerate(re.split(r"\r\n|\n|\r", _text(path)), start=1) if line.strip()]
    content = [(k, text) for k, line in lines if (text := _BEFORE_COMMENT.match(line)[0]).strip()]  # type: ignore[index]
    comments = [(k, line.strip().lstrip("#")) for k, line in lines if line.lstrip().startswith("#")]
    head = _find(content, names, path) or _find(comments, names, path, commented=True)
    if head is None:
        raise _no_headings(content, names, path)
    for name in names:
        if head.headings.count(name) > 1:
            raise ConfigError(f"found {head.headings.count(name)} columns '{name}'", where=f"{path}:{head.line}",
                              allowed="one of each name", hint="rename all but one")
    rows = _rows(content, head, path)
    said = [f"{len(rows)} rows", f"{SEPARATORS[head.separator]} between values"]
    if head.commented:
        said.append(f"headings in the comment on line {head.line}")
    elif content[0][0] < head.line:
        said.append(f"headings on line {head.line}")
    return DataFile(path, head.headings, head.line, rows, said)


def _text(path: Path) -> str:
    """The file's text without its byte order mark."""
    try:
        require_inside(path)
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        raise ConfigError("is a folder", where=str(path), allowed="a table of text") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read ({error})", where=str(path)) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"found more than {MAX_BYTES} bytes", where=str(path), allowed="a smaller file")
    if raw.startswith(b"PK\x03\x04"):
        raise ConfigError("found a workbook or archive", where=str(path), allowed="a text file",
                          hint="save the sheet as CSV (UTF-8)")
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"found bytes that are not {'UTF-16' if wide else 'UTF-8'}", where=f"{path}:{line}",
                          hint="save it as UTF-8") from None
    if "\0" in text:  # UTF-16 without its mark can be read as UTF-8, with a NUL beside each letter
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ConfigError("found a NUL, which no text has", where=f"{path}:{line}", hint="save it as UTF-8")
    return text


def _cells(text: str, separator: str, place: str) -> list[str]:
    """Texts between separators; quotes are taken off, and empty texts at the end left out."""
    if text.count('"') % 2:
        raise ConfigError("found a quote that is not closed", where=place, allowed="quotes in pairs within a line")
    if separator == " ":
        text = " ".join(text.split())
    try:
        cells = [cell.strip() for cell in next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])]
    except csv.Error as error:
        raise ConfigError(f"not a readable table ({error})", where=place) from None
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _find(lines: Sequence[Line], names: Sequence[str], path: Path, commented: bool = False) -> _Head | None:
    """The first line that has all `names`; a comment's quotes need not be closed."""
    for k, text in lines:
        folded = plain_name(text)
        if not all(name in folded or '"' in text for name in names) or (commented and text.count('"') % 2):
            continue
        for separator in SEPARATORS:
            headings = [plain_name(cell) for cell in _cells(text, separator, f"{path}:{k}")]
            if set(names) <= set(headings):
                return _Head(k, separator, headings, commented)
    return None


def _no_headings(content: Sequence[Line], names: Sequence[str], path: Path) -> ConfigError:
    """What is wrong where no line has all the headings: said of the line that comes nearest."""
    if not content:
        return ConfigError("found no rows", where=str(path), allowed="headings, and a row of numbers for each time")
    best: tuple[tuple[int, int, int], int, list[str]] | None = None
    for k, text in content[:50]:
        for separator in SEPARATORS:
            cells = [plain_name(cell) for cell in _cells(text, separator, f"{path}:{k}")]
            # Blanks within headings are more likely than blanks between them.
            score = (len(set(names) & set(cells)), int(separator != " " and len(cells) > 1), len(cells))
            # The first line is the one with headings unless another has more of the names.
            if best is None or (score > best[0] if k == best[1] else score[0] > best[0][0]):
                best = score, k, cells
    _, k, cells = best or ((0, 0, 0), 0, [])
    missing = next((name for name in names if name not in cells), names[0])
    if cells and all(_NUMBER_LIKE.fullmatch(cell) for cell in cells):
        return ConfigError("found numbers where the headings should be", where=f"{path}:{k}",
                           allowed=f"a line with {', '.join(names)} above the numbers")
    apart = next((plain_name(text) for j, text in content if j == k), "")
    if " " in missing and missing in apart and missing not in ", ".join(cells):
        return ConfigError(f"found no column '{missing}' where blanks stand between headings", where=f"{path}:{k}",
                           allowed=", ".join(cells), hint="put tabs or semicolons between headings and between values")
    return ConfigError(f"found no column '{missing}'", where=f"{path}:{k}", allowed=", ".join(cells),
                       hint=suggest(missing, cells))


def _rows(content: Sequence[Line], head: _Head, path: Path) -> list[tuple[int, list[str]]]:
    """The rows below the headings, each as long as they are."""
    rows, n = [], len(head.headings)
    for k, text in content:
        if k == head.line:
            continue
        cells = _cells(text, head.separator, f"{path}:{k}")
        if k < head.line:
            if len(cells) == n > 1 and all(_NUMBER_LIKE.fullmatch(cell) for cell in cells):
                raise ConfigError(f"found numbers above the headings, which are on line {head.line}",
                                  where=f"{path}:{k}", allowed="numbers below the headings")
            continue
        if not cells:
            continue
        # An empty last value has been left out with the separators at the end; the row is not short for that.
        if len(cells) < n and _width(text, head.separator) >= n:
            cells += [""] * (n - len(cells))
        if len(cells) != n:
            raise ConfigError(f"found {len(cells)} value{'s' * (len(cells) != 1)} under {n} headings",
                              where=f"{path}:{k}", allowed="one for each heading",
                              hint=_hint(cells, n, head.separator))
        rows.append((k, cells))
    return rows


def _width(text: str, separator: str) -> int:
    """Texts between separators, empty ones at the end too."""
    return 0 if separator == " " else len(next(csv.reader([text], delimiter=separator, skipinitialspace=True), []))


def _hint(cells: Sequence[str], n: int, separator: str) -> str:
    """What may have made a row longer or shorter than the headings."""
    if len(cells) > n and separator == "," and not any("." in cell for cell in cells):
        return "write decimals with a point, or put semicolons between values, also between the headings"
    if len(cells) == 1 and not _NUMBER_LIKE.match(cells[0]):
        return "begin lines that hold no numbers with #"
    other = next((name for mark, name in SEPARATORS.items() if mark not in (separator, " ") and mark in cells[0]), "")
    if len(cells) == 1 and other:
        return f"put {SEPARATORS[separator]} between the values, as between the headings, in place of {other}"
    if len(cells) == 1 and separator != " ":
        return f"the headings have {SEPARATORS[separator]} between them"
    if len(cells) > n:
        return "give every column a heading"
    return "leave the place of a missing note empty, between separators"
