"""Numbers from files: .csv, .npy, .npz.

Enters: names of files.  Leaves: tables of columns, and arrays of finite real numbers.  Always holds: what is missing,
not a number, or not finite is an `mg.FileError` that names the file, and the line and column where there are such.
Not for: which parameter the numbers are for (`data.py`).
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..grammar.errors import FileError, suggest
from ..grammar.source import Source, read_source
from ..grammar.syntax import Span

Array = Any
LINE_END = re.compile(r"\r\n|\r|\n")
DELIMITERS = ",;\t"
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})


@dataclass(frozen=True)
class Table:
    """A text of cells with a header line, or without (`header` is None)."""

    source: Source
    delimiter: str
    header: list[str] | None
    rows: list[list[str]]
    lines: list[int]  # where each row ends in the text, counted from 1

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.source.name

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.header if self.header is not None else self.rows[0])

    def position(self, column: str) -> int:
        """The position of a column.  Raises FileError for one that is not there."""
        names = self.header or []
        if names.count(column) == 1:
            return names.index(column)
        if column in names:
            raise FileError(f"{self.file} has several columns with the name {column}")
        close = suggest(column, names)
        raise FileError(
            f"{self.file} has no column {column}",
            found=f"its columns are {', '.join(names)}"
            if names
            else "its first line is no header: all of it is numbers",
            hint=f"did you mean {close}?" if close else "",
        )

    def numbers(self, positions: list[int]) -> Array:
        """Some columns as a matrix of float64.  Raises FileError at the first cell that is not a finite number."""
        import numpy as np

        values = np.empty((len(self.rows), len(positions)))
        for k, position in enumerate(positions):
            try:
                values[:, k] = [float(row[position]) for row in self.rows]
            except ValueError:
                self._complain(position)
            if not np.all(np.isfinite(values[:, k])):
                self._complain(position)
        return values

    def _complain(self, position: int) -> None:
        for row, line in zip(self.rows, self.lines, strict=True):
            cell = row[position].strip()
            if cell.lower() in MISSING:
                raise self._error("a value is missing", row, position, line, "leave the row or the column out")
            try:
                number = float(cell)
            except ValueError:
                raise self._error(f"{cell!r} is not a number", row, position, line, "") from None
            if not math.isfinite(number):
                raise self._error(f"{cell} is not a finite number", row, position, line, "")

    def _error(self, title: str, row: list[str], position: int, line: int, hint: str) -> FileError:
        column = f"column {self.header[position]}" if self.header is not None else f"column {position + 1}"
        start, end = line_span(self.source.text, line)
        text = self.source.text[start:end]
        cells = text.split(self.delimiter)
        if '"' not in text and len(cells) == len(row):
            start += sum(len(cell) + 1 for cell in cells[:position])
            end = start + len(cells[position])
        return FileError(title, source=self.source, span=Span(start, end), found=f"in {column}", hint=hint)


def line_span(text: str, line: int) -> tuple[int, int]:
    """Start and end of a line, counted from 1."""
    start = 0
    for match in LINE_END.finditer(text):
        line -= 1
        if not line:
            return start, match.start()
        start = match.end()
    return start, len(text)


def read_table(path: str) -> Table:
    """Read a text with one row per line, whose cells are separated by commas, semicolons or tabs.

    The first line is a header if one of its cells is no number.  Raises FileError for a file that is missing, empty, or
    whose lines differ in length.
    """
    source = read_source(path)
    first = source.text.lstrip("\r\n").splitlines()[:1]
    delimiter = max(DELIMITERS, key=first[0].count) if first else ","
    reader = csv.reader(LINE_END.split(source.text), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    width = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not width:
                width = len(cells)
                if not all(is_number(cell) for cell in cells):
                    header = [cell.strip() for cell in cells]
                    continue
            if len(cells) != width:
                start, end = line_span(source.text, reader.line_num)
                raise FileError(
                    f"a row of {len(cells)} cells in a table of {width} columns",
                    source=source,
                    span=Span(start, end),
                    hint="cells are separated by commas, semicolons or tabs",
                )
            rows.append(cells)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise FileError(f"{path}, line {reader.line_num}: {error}") from error
    if not rows:
        raise FileError(f"{path} has a header and no rows" if header else f"{path} is empty")
    return Table(source, delimiter, header, rows, lines)


def is_number(cell: str) -> bool:
    """Whether a cell is a number or a mark of a missing one, as it stands in a row and not in a header."""
    if cell.strip().lower() in MISSING:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def read_array(path: str, name: str) -> Array:
    """The array that a file holds for `name`: the numbers of a .csv, a .npy, or the array of that name in a .npz."""
    suffix = Path(path).suffix.lower()
    if suffix == ".npy":
        return finite(load_numpy(path), f"{path}")
    if suffix == ".npz":
        arrays = load_numpy(path)
        if name in arrays:
            return finite(arrays[name], f"{name} in {path}")
        if len(arrays) == 1:
            return finite(next(iter(arrays.values())), f"{next(iter(arrays))} in {path}")
        raise FileError(f"{path} has no array {name}", found=f"its arrays are {', '.join(arrays) or 'none'}")
    table = read_table(path)
    return table.numbers(list(range(table.width)))


def load_numpy(path: str) -> Any:
    """The array of a .npy file, or the dictionary of those of a .npz file.  Objects are not read."""
    import zipfile

    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return dict(loaded)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise FileError(f"cannot read {path}: it holds no array of numbers", found=str(error)) from error


def finite(array: Array, what: str) -> Array:
    """The array as float64.  Raises FileError unless it holds finite real numbers."""
    import numpy as np

    if array.dtype.kind not in "biuf":
        raise FileError(f"{what} holds no real numbers", found=f"its dtype is {array.dtype}")
    array = array.astype(np.float64)
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise FileError(f"{what} holds a number that is not finite", found=f"at [{place}]: {array[tuple(wrong[0])]}")
    return array
