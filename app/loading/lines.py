"""A file's records with their line numbers: JSON Lines, or CSV whose header names the fields."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import BridgeError

#: A record this long is none: somebody gave a file without line breaks.
_LONGEST = 1024 * 1024
_READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One record; `content` is its JSON, or for CSV the texts of its cells, without the empty ones."""

    number: int
    content: bytes | dict[str, str] | None
    mistake: str | None = None
    #: How far into the file it ends.
    end: int = 0


def digest(file: Path) -> str:
    """SHA-256 of the whole content: what a load that was cut off is known again by."""
    sha256 = hashlib.sha256()
    with file.open("rb") as content:
        while part := content.read(_READ):
            sha256.update(part)
    return sha256.hexdigest()


def read(file: Path) -> Iterator[Line]:
    """One by one, whatever the file's size; what ends with .csv is CSV, all else JSON Lines."""
    return _csv(file) if file.suffix.lower() == ".csv" else _json_lines(file)


def _json_lines(file: Path) -> Iterator[Line]:
    with file.open("rb") as content:
        end, number = 0, 0
        while raw := content.readline(_LONGEST + 1):
            number, end = number + 1, end + len(raw)
            if len(raw) > _LONGEST:
                raise BridgeError(f"{file}: line {number} is longer than 1 MB; write one record on each line")
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.strip():
                yield Line(number, raw.strip(), end=end)


def _csv(file: Path) -> Iterator[Line]:
    """Comma or semicolon, as the header has it; a quoted cell may hold line breaks."""
    number = 1
    with file.open(encoding="utf-8-sig", newline="") as content:
        try:
            header = content.readline(_LONGEST)
            content.seek(0)
            semicolons = header.count(";") > header.count(",")
            rows = csv.reader(content, delimiter=";" if semicolons else ",", strict=True)
            names = [name.strip() for name in next(rows, [])]
            if not all(names) or len(set(names)) != len(names):
                raise BridgeError(f"{file}: the first line must name each column's field, and none twice")
            for cells in rows:
                number = rows.line_num
                if any(cell.strip() for cell in cells):
                    yield _row(number, names, cells)
        except csv.Error as error:
            raise BridgeError(f"{file}: after line {number} it is no CSV: {error}") from None
        except UnicodeDecodeError as error:
            raise BridgeError(f"{file}: is not UTF-8 ({error.reason}); save it as UTF-8") from None


def _row(number: int, names: list[str], cells: list[str]) -> Line:
    if len(cells) > len(names):
        return Line(number, None, f"has {len(cells)} cells, the header names {len(names)}")
    texts = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
    return Line(number, {name: text for name, text in texts.items() if text})


def as_json(cells: dict[str, str], schema: dict[str, Any]) -> bytes:
    """A row as the JSON that the ERP would post; `schema` is the JSON Schema of what it should be."""
    fields = schema.get("properties", {})
    return json.dumps(
        {name: _value(text, fields.get(name, {})) for name, text in cells.items()}, ensure_ascii=False
    ).encode()


def _value(text: str, field: dict[str, Any]) -> Any:
    """Text stays text where the field takes text; else it is read as JSON: 25, true, [..], null."""
    types = _types(field)
    if text == "null" and "null" in types:
        return None
    if "string" in types and not (text[:1] in "[{" and types & {"array", "object"}):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _types(field: dict[str, Any]) -> set[str]:
    own = {field["type"]} if "type" in field else {"object"} if "$ref" in field else set()
    return own.union(*(_types(each) for each in field.get("anyOf", ())))
