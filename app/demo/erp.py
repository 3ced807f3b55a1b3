"""The play's ERP: a plain HTTP client of the bridge, as an integrator would write it."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx2

from app.demo.goods import Record
from app.demo.polling import Stuck, until

#: More than a day has; one page shows them all.
_PAGE = 500
FINISHED = frozenset({"delivered", "unchanged", "superseded", "failed"})


@dataclass
class Said:
    """What the ERP told the bridge and was answered 202 for: the measure of every check."""

    #: By kind and key: all changes laid over one another.
    wanted: dict[tuple[str, str], Record] = field(default_factory=dict)
    #: The id of every accepted change, in order.
    events: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Record]:
        return [wanted for (each, _), wanted in self.wanted.items() if each == kind]


class Erp:
    def __init__(self, url: str, key: str) -> None:
        # No proxy of the machine's is wanted on the way to ourselves.
        self._http = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=10, trust_env=False
        )
        self.said = Said()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def tell(self, kind: str, changes: Record | list[Record], *, key: str | None = None) -> list[str]:
        """Post one change or many, keep what was said; the ids of their events."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        answer = self._send("POST", f"/v1/changes/{kind}", changes, headers)
        if answer.status_code != HTTPStatus.ACCEPTED:
            raise Stuck(f"the bridge answered {answer.status_code} to a {kind}: {answer.text}")
        accepted: list[Record] = answer.json()["events"]
        for change, event in zip(_listed(changes), accepted, strict=True):
            if event["id"] not in self.said.events:
                self.said.events.append(event["id"])
                self.said.wanted.setdefault((kind, event["key"]), {}).update(change)
        return [event["id"] for event in accepted]

    def try_wrong(self, kind: str, change: Record) -> tuple[int, Record]:
        """Post what the bridge must refuse; its status and its problem document."""
        answer = self._send("POST", f"/v1/changes/{kind}", change)
        return answer.status_code, answer.json()

    def events(self) -> list[Record]:
        """Every event of this connection, newest first."""
        found: list[Record] = self._get(f"/v1/events?limit={_PAGE}")["events"]
        return found

    def event(self, event_id: str) -> Record:
        """One event with its attempts."""
        found: Record = self._get(f"/v1/events/{event_id}")
        return found

    def wait(self, ids: Collection[str], statuses: Collection[str] = FINISHED) -> list[Record]:
        """The events, in the order of `ids`, once all have one of the statuses."""
        latest: dict[str, Record] = {}
        wanted = " or ".join(sorted(statuses))

        def reached() -> bool:
            latest.update((event["id"], event) for event in self.events() if event["id"] in ids)
            for event in latest.values():
                if event["status"] in FINISHED - set(statuses):
                    raise Stuck(f"{described(event)} ended as {event['status']}, not as {wanted}")
            return len(latest) == len(set(ids)) and all(
                event["status"] in statuses for event in latest.values()
            )

        def seen() -> str:
            others = [event for event in latest.values() if event["status"] not in statuses]
            return ", ".join(f"{described(event)} is {event['status']} ({event['why']})" for event in others)

        until(reached, f"{len(ids)} events to be {wanted}", seen=seen)
        return [latest[event_id] for event_id in ids]

    def _get(self, path: str) -> Any:
        answer = self._send("GET", path)
        if answer.status_code != HTTPStatus.OK:
            raise Stuck(f"the bridge answered {answer.status_code} to GET {path}: {answer.text}")
        return answer.json()

    def _send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        try:
            return self._http.request(method, path, json=body, headers=headers)
        except httpx2.HTTPError as error:
            raise Stuck(f"the bridge did not answer {method} {path} ({type(error).__name__})") from error


def described(event: Record) -> str:
    return f"{event['kind']} {event['key']}"


def _listed(changes: Record | list[Record]) -> list[Record]:
    return changes if isinstance(changes, list) else [changes]
