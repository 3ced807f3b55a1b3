"""Records of a file: JSON Lines and CSV, with their line numbers."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.changes import KINDS
from app.errors import BridgeError
from app.loading.lines import as_json, read


def lines(folder: Path, name: str, content: str | bytes) -> list[tuple[int, Any]]:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(line.number, line.mistake or line.content) for line in read(file)]


def json_of(kind: str, **cells: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(as_json(cells, KINDS[kind].change.model_json_schema()))
    return found


def test_a_file_without_line_breaks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BridgeError, match="line 1 is longer than 1 MB"):
        lines(tmp_path, "all.json", b"[" + b"1," * 600_000)


@pytest.mark.parametrize("header", ["sku,,quantity", "sku,sku", ""])
def test_a_header_that_does_not_name_each_column_is_refused(tmp_path: Path, header: str) -> None:
    if not header:
        assert lines(tmp_path, "a.csv", "") == []
        return
    with pytest.raises(BridgeError, match="must name each column's field"):
        lines(tmp_path, "a.csv", f"{header}\nA,1,2\n")


def test_a_csv_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BridgeError, match="is not UTF-8"):
        lines(tmp_path, "a.csv", "sku,name\nA,São\n".encode("latin-1"))


def test_a_row_with_too_many_cells_is_a_mistake_of_its_own(tmp_path: Path) -> None:
    found = lines(tmp_path, "a.csv", "sku,quantity\nA,1,2\nB,3\n")
    assert found == [(2, "has 3 cells, the header names 2"), (3, {"sku": "B", "quantity": "3"})]


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    assert lines(tmp_path, "a.jsonl", '\ufeff{"a":1}\n\n  \n{"a":2}') == [(1, b'{"a":1}'), (4, b'{"a":2}')]


def test_a_quoted_cell_may_hold_line_breaks_and_semicolons_may_separate(tmp_path: Path) -> None:
    found = lines(tmp_path, "A.CSV", 'sku;name\nA;"two\nlines"\nB;\n')
    assert found == [(3, {"sku": "A", "name": "two\nlines"}), (4, {"sku": "B"})]


def test_a_cell_becomes_what_its_field_takes() -> None:
    stock = json_of("stock", sku="00123", warehouse="1_1", quantity="25", unlimited="true")
    assert stock == {"sku": "00123", "warehouse": "1_1", "quantity": 25, "unlimited": True}
    sku = json_of("sku", code="7", eans='["12345678"]', packaged_weight="1.50", weight="null")
    assert sku == {"code": "7", "eans": ["12345678"], "packaged_weight": "1.50", "weight": None}


def test_what_is_no_json_stays_text_for_the_validation_to_name_it() -> None:
    assert json_of("stock", quantity="25,0", unknown="x") == {"quantity": "25,0", "unknown": "x"}
