"""docs/security.md names a test for each line of protection: they exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_test_that_the_page_names_exists(file: str, test: str) -> None:
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert re.search(rf"^(?:async )?def {test}\(", text, re.MULTILINE)


def test_each_line_of_its_tables_names_a_test() -> None:
    rows = re.findall(r"^\| (?!what |---)(.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) > 30
    assert [row for row in rows if "::" not in row and "run by hand" not in row] == []
