"""`bridge demo`: an ERP's day against the sandbox, over real HTTP, once with each catalogue codec."""

import logging
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from app.demo.round import play_round, stay
from app.demo.timeline import Outcome, Timeline

__all__ = ["play"]
CATALOGS = ("rest", "webservice")


def play(*, once: bool) -> int:
    """0 if the store ended as the ERP said, in both rounds; else 1, with every difference named."""
    timeline = Timeline()
    directory = Path(tempfile.mkdtemp(prefix="erp-vtex-bridge-demo-"))
    timeline.plain(f"Logs, configuration and database of each round: {directory}")
    code = 1
    try:
        with _terminable(), _logging_to(directory / "sandbox.log"):
            code = _rounds(timeline, directory, once=once)
    finally:
        if code == 0:
            shutil.rmtree(directory, ignore_errors=True)
            timeline.plain("All is right: the logs are removed.")
        else:
            timeline.plain(f"Kept for a look: {directory}")
    return code


def _rounds(timeline: Timeline, directory: Path, *, once: bool) -> int:
    outcomes: list[Outcome] = []
    for catalog in CATALOGS:
        with ExitStack() as stack:
            outcome, stage = play_round(stack, timeline, directory / catalog, catalog)
            outcomes.append(outcome)
            if catalog == CATALOGS[-1]:
                timeline.closing(outcomes)
                if stage and not once:
                    stay(timeline, stage)
    return 0 if all(outcome.right for outcome in outcomes) else 1


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the play as Ctrl-C does: the bridge that it started must not stay behind."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """The sandbox's server runs in our process; its lines must not stand between those of the timeline."""
    handler, root = logging.FileHandler(path, encoding="utf-8", delay=True), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
