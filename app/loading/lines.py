"""A file's lines, one by one: JSON Lines and CSV, each record with the number of its first line."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from app.errors import BridgeError

#: One record; what is longer is refused, so that no file takes our memory.
MOST_BYTES = 1_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HASHED_AT_ONCE = 1 << 20
_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    #: So many of the file's bytes were read up to here.
    position: int
    #: A JSON object, or a CSV row's cells by their column.
    content: bytes | dict[str, str] = b""
    #: Why it cannot be read, if it cannot.
    mistake: str = ""


def format_of(path: Path, named: Format | None) -> Format:
    suffix = _SUFFIXES.get(path.suffix.lower())
    if named is None and suffix is None:
        raise BridgeError(f"{path} ends neither in .jsonl nor in .csv; say which it is by --format")
    return named or Format(str(suffix))


def digest(path: Path) -> str:
    """By content: a file that was copied or renamed is the same load."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_HASHED_AT_ONCE):
            found.update(part)
    return found.hexdigest()


def lines_of(path: Path, format_: Format) -> Iterator[Line]:
    _refuse_utf_16(path)
    with path.open("rb") as file:
        yield from json_lines(file) if format_ is Format.JSONL else csv_rows(file, path)


def _refuse_utf_16(path: Path) -> None:
    """Spreadsheets call it Unicode text; each line of it would be refused for a reason of its own."""
    with path.open("rb") as file:
        first = file.read(2)
    # Without its mark, the first letter's other half is a zero.
    if first in _UTF_16_MARKS or (len(first) > 1 and 0 in first):
        raise BridgeError(f"{path} is UTF-16; save it as UTF-8 (in spreadsheets: CSV UTF-8) and load that")


def json_lines(file: BinaryIO) -> Iterator[Line]:
    """Empty lines say nothing."""
    number = 0
    while raw := file.readline(MOST_BYTES + 1):
        number += 1
        if len(raw) > MOST_BYTES:
            _skip_rest(file, raw)
            yield Line(number, file.tell(), mistake=f"the line has more than {MOST_BYTES} bytes")
            continue
        content = (raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw).strip()
        if not content:
            continue
        is_object = content.startswith(b"{")
        mistake = "" if is_object else "the line is no JSON object; send one change in each line"
        yield Line(number, file.tell(), content, mistake)


def _skip_rest(file: BinaryIO, raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = file.readline(MOST_BYTES)


def header_of(path: Path) -> list[str]:
    """The names of a CSV file's columns."""
    _refuse_utf_16(path)
    with path.open("rb") as file:
        text = _as_text(file)
        return _header(csv.reader(text, delimiter=_delimiter(text)), path)


def _header(rows: Iterator[list[str]], path: Path) -> list[str]:
    try:
        return next(rows, [])
    except csv.Error as error:
        raise BridgeError(f"{path}: the first line cannot be read: {error}") from None


def csv_rows(file: BinaryIO, path: Path) -> Iterator[Line]:
    """An empty cell says nothing; a row may go over several lines within quotes."""
    text = _as_text(file)
    rows = csv.reader(text, delimiter=_delimiter(text))
    header = [name.strip() for name in _header(rows, path)]
    if not any(header) or len(set(header)) != len(header):
        raise BridgeError(f"{path}: the first line has to name each column once")
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(number, file.tell(), mistake=f"the row cannot be read: {error}")
            continue
        if any(row):
            yield _row(number, file.tell(), header, row)


def _row(number: int, position: int, header: list[str], row: list[str]) -> Line:
    if len(row) != len(header):
        mistake = f"the row has {len(row)} cells and the first line {len(header)}; quote cells with commas"
        return Line(number, position, mistake=mistake)
    if any("\udc80" <= character <= "\udcff" for cell in row for character in cell):
        return Line(number, position, mistake="the row is not UTF-8; save the file as UTF-8")
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    return Line(number, position, {name: cell for name, cell in cells.items() if cell})


def _as_text(file: BinaryIO) -> io.TextIOWrapper:
    """What is not UTF-8 is found row by row, with its number."""
    return io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _delimiter(text: io.TextIOWrapper) -> str:
    """Where the comma is the decimal sign, spreadsheets write semicolons."""
    first = text.readline(MOST_BYTES)
    text.seek(0)
    return ";" if first.count(";") > first.count(",") else ","
