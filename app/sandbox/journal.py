"""What reached the store, request by request, with the effect of those that changed something."""

from collections.abc import Iterator
from datetime import UTC, datetime

from starlette.requests import Request

from app.sandbox.wire import Record

#: Where the door leaves a dict for the handler's effect in the ASGI scope.
EFFECT = "sandbox.effect"


class Journal:
    """Append-only. Never holds a header or a body: keys and tokens stay out of it."""

    def __init__(self) -> None:
        self.entries: list[Record] = []
        self._seq = 0

    def add(self, api: str, method: str, path: str, status: int | None, **more: object) -> Record:
        self._seq += 1
        entry: Record = {
            "seq": self._seq,
            "at": datetime.now(UTC).isoformat(),
            "api": api,
            "method": method,
            "path": path,
            "status": status,
        }
        entry.update((key, value) for key, value in more.items() if value)
        self.entries.append(entry)
        return entry

    def clear(self) -> None:
        """The sequence goes on, so that a reader's cursor stays valid."""
        self.entries.clear()

    def after(self, seq: int = 0, effect: str | None = None) -> Iterator[Record]:
        first = self.entries[0]["seq"] if self.entries else 0
        for entry in self.entries[max(0, seq - first + 1) :]:
            if effect is None or entry.get("effect", {}).get("type") == effect:
                yield entry

    def effects(self, effect: str | None = None) -> list[Record]:
        """The effects alone, in order: what most tests ask for."""
        return [entry["effect"] for entry in self.after(0, effect) if "effect" in entry]


def note(request: Request, effect: str, **facts: object) -> None:
    """Record what this request changed; the door writes it into the journal."""
    request.scope[EFFECT].update({"type": effect, **facts})


def journal_of(request: Request) -> Journal:
    journal: Journal = request.app.state.journal
    return journal
