"""Freshness in its plainest form: each field for itself, change after change."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.queue.lanes import Document

UNSAID = object()


@dataclass
class Freshness:
    desired: Document = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)

    def lay(self, change: Document, now: datetime) -> bool:
        """False if all that it names was said of a later moment, or in a later version."""
        given = change.get("version")
        if "occurred_at" in change:
            given = datetime.fromisoformat(change["occurred_at"])
        fields = {name: value for name, value in change.items() if name not in {"version", "occurred_at"}}
        fresh = {name: value for name, value in fields.items() if not self._stands(name, given)}
        for name, value in fresh.items():
            before = self.said.get(name)
            accepted = max(now, before) if isinstance(before, datetime) else now
            self.desired[name], self.said[name] = value, accepted if given is None else given
        return bool(fresh) or not fields

    def _stands(self, name: str, given: Any) -> bool:
        before = self.said.get(name, UNSAID)
        return type(given) is type(before) and bool(given < before)
