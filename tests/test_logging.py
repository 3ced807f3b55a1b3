"""What a line of the log is, as a process writes it."""

import json
import subprocess
import sys
from typing import Any

import pytest

PREAMBLE = """
import logging as standard
from datetime import UTC, datetime
from uuid import UUID
from structlog.contextvars import bound_contextvars
from app import logging
from app.queue.models import Status
log = logging.get("app.part")
logging.configure("info")
"""


def written(script: str) -> list[dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script], capture_output=True, text=True, check=True, timeout=60
    )
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_a_line_says_what_where_when_and_of_which_event() -> None:
    [line] = written(
        "with bound_contextvars(event_id='e1', kind='price'): log.warning('it.happened', key='A')"
    )
    moment = line.pop("timestamp")
    assert moment.endswith("Z")
    assert line == {
        "event": "it.happened", "key": "A", "event_id": "e1", "kind": "price",
        "logger": "app.part", "level": "warning",
    }  # fmt: skip


def test_a_librarys_line_has_the_same_shape() -> None:
    ours, theirs = written(
        "with bound_contextvars(event_id='e1'):\n"
        "    log.error('said')\n"
        "    standard.getLogger('library').error('said %s', 'so')"
    )
    assert theirs.keys() == ours.keys()
    assert (theirs["event"], theirs["logger"], theirs["event_id"]) == ("said so", "library", "e1")


def test_a_warning_is_a_line() -> None:
    [line] = written("import warnings; warnings.warn('old')")
    assert line["logger"] == "py.warnings"
    assert "old" in line["event"]


def test_what_is_below_the_level_is_not_written() -> None:
    assert written("log.debug('x'); standard.getLogger('library').debug('x')") == []


@pytest.mark.parametrize("logger", ["log", "standard.getLogger('library')"])
def test_an_exception_is_on_the_line(logger: str) -> None:
    [line] = written(f"try: 1 / 0\nexcept ZeroDivisionError: {logger}.exception('bug')")
    assert line["level"] == "error"
    assert line["exception"].startswith("Traceback")
    assert "ZeroDivisionError" in line["exception"]
    assert "exc_info" not in line


def test_values_that_json_does_not_know_are_written_as_text() -> None:
    [line] = written(
        "log.info('x', status=Status.DELIVERED, id=UUID(int=1), at=datetime(2026, 1, 2, tzinfo=UTC), of=int)"
    )
    assert line["status"] == "delivered"
    assert line["id"] == "00000000-0000-0000-0000-000000000001"
    assert line["at"].startswith("2026-01-02T00:00:00")
    assert line["of"] == "<class 'int'>"


def test_text_that_is_no_unicode_is_written_nevertheless() -> None:
    [line] = written("log.info('x', key='half \\ud83d', inner={('a', 1): 2})")
    assert line["key"] == "half \ud83d"


def test_a_log_that_cannot_be_written_fails_nobody() -> None:
    script = "import os; os.close(2); log.error('x'); print('went on')"
    ended = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.stdout == "went on\n"
