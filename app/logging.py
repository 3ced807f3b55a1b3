"""JSON lines on standard error; what is bound to the context (the event's id) is on every one."""

import json
import logging
import sys
from contextlib import suppress
from functools import partial
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

_encode = msgspec.json.Encoder(enc_hook=str).encode


def configure(level: str = "info") -> None:
    """Our own lines are written at once; those of libraries come through the standard library's handler."""
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*common, _rendered],
        logger_factory=partial(_Lines, sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _rendered],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    # They log addresses, bodies and SQL's values of their own; our door logs each request, redacted.
    for name in ("aiohttp", "httpx2", "httpcore2", "zeep", "uvicorn.access", "alembic", "aiosqlite"):
        logging.getLogger(name).setLevel(logging.WARNING)


def get(name: str) -> FilteringBoundLogger:
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


class _Lines:
    """Of one logger."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self.name = name

    def msg(self, line: str) -> None:
        # A full disk or a closed pipe must not fail the delivery that is told.
        with suppress(OSError, ValueError):
            self._stream.write(line + "\n")

    debug = info = warning = error = critical = msg


def _rendered(_logger: object, _method: str, event: EventDict) -> str:
    try:
        return _encode(event).decode()
    except (TypeError, ValueError):
        # Half of a surrogate pair, or a key that is no text.
        return json.dumps({name: str(value) for name, value in event.items()})
