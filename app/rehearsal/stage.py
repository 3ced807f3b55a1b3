"""The stage: a stand-in store in memory, the door that leads to it alone, and bindings that seed it."""

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from app.api.rehearsed import RehearsedCall
from app.bindings import Bindings, Creation
from app.config import VtexSettings
from app.database import Database
from app.http.answer import Answer
from app.http.door import Outgoing
from app.queue.lanes import NewEvent, Submission
from app.queue.store import Accepted
from app.queue.store import Store as Queue
from app.rehearsal.lanes import Lanes
from app.rehearsal.seeding import seed
from app.sandbox import create_sandbox
from app.sandbox.state import Store

_WEBSERVICE_PATH = "/AdminWebService/Service.svc"
_KEY = "rehearsal"
#: In the names of the webservice's operations.
_READING = ("Get", "List")


class Stage:
    """Takes the place of the door: no request leaves the process, and none carries a secret."""

    def __init__(self, settings: VtexSettings) -> None:
        self._settings = settings
        app = create_sandbox(account=settings.account, app_key=_KEY, app_token=_KEY)
        self.store: Store = app.state.store
        self._client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://rehearsal")
        self.calls: list[RehearsedCall] = []

    async def send(self, request: Outgoing) -> Answer:
        is_soap = request.url == self._settings.webservice_address
        reads = request.method == "GET" or (
            is_soap and ("Get" in request.operation or "List" in request.operation)
        )
        self.calls.append(
            RehearsedCall(
                method=request.method, url=request.url, body=_shown(request, is_soap=is_soap), reads=reads
            )
        )
        response = await self._client.request(
            request.method,
            self._path(request.url),
            content=request.content or b"",
            headers=self._headers(request),
            auth=(_KEY, _KEY) if is_soap else None,
        )
        answer = Answer(response.status_code, response.headers, response.content)
        if request.judge is not None:
            request.judge(answer)
        return answer

    async def close(self) -> None:
        await self._client.aclose()

    def _headers(self, request: Outgoing) -> dict[str, str]:
        names = {"content-type", "soapaction", "accept"}
        kept = {name: value for name, value in request.headers.items() if name.lower() in names}
        return kept | {"X-VTEX-API-AppKey": _KEY, "X-VTEX-API-AppToken": _KEY}

    def _path(self, url: str) -> str:
        if url == self._settings.webservice_address:
            return _WEBSERVICE_PATH
        for base, path in (
            (self._settings.pricing_base, f"/{self._settings.account}"),
            (self._settings.rest_base, ""),
        ):
            if url.startswith(base + "/"):
                return path + url.removeprefix(base)
        raise AssertionError(f"no VTEX API is at {urlsplit(url).netloc}")


def _shown(request: Outgoing, *, is_soap: bool) -> Any:
    if not request.content:
        return None
    return request.content.decode() if is_soap else json.loads(request.content)


class Aside(Queue):
    """The queue as it is, read only: what a kind would leave for others is heard, and not stored."""

    def __init__(self, queue: Queue) -> None:
        super().__init__(queue.database, clock=queue.clock)
        self.heard: list[NewEvent] = []

    async def accept(self, submission: Submission) -> Accepted:
        self.heard += submission.events
        # As if they had been accepted before: nobody counts them.
        return Accepted(tuple(event.id for event in submission.events), repeated=True)

    async def resend(
        self,
        connection_name: str,  # noqa: ARG002  nothing is marked here
        kind: str,  # noqa: ARG002
        key_prefixes: Collection[str],  # noqa: ARG002
    ) -> list[str]:
        return []


class SeedingBindings(Bindings):
    """The real bindings, read only: what is bound is put on the stage, what is bound here stays in memory."""

    def __init__(self, database: Database, connection: str, stage: Stage, lanes: Lanes) -> None:
        super().__init__(database, connection)
        self._stage = stage
        self._lanes = lanes
        self._seeded: dict[tuple[str, str], int] = {}
        self._begun: dict[tuple[str, str], Creation] = {}
        #: What the change brought about.
        self.new: dict[tuple[str, str], int] = {}

    async def find(self, kind: str, code: str) -> int | None:
        known = self.new.get((kind, code)) or self._seeded.get((kind, code))
        if known is not None:
            return known
        found = await super().find(kind, code)
        if found is not None:
            self._seeded[kind, code] = found
            await seed(self._stage.store, kind, code, found, self, self._lanes)
        return found

    async def bind(self, kind: str, code: str, vtex_id: int) -> None:
        self.new[kind, code] = vtex_id

    async def forget(self, kind: str, code: str) -> None:
        self.new.pop((kind, code), None)

    async def begin(self, creation: Creation) -> None:
        self._begun[creation.kind, creation.code] = creation

    async def begun(self, kind: str, code: str) -> Creation | None:
        """Only what was begun here: what is cut off in reality is none of a rehearsal's business."""
        return self._begun.get((kind, code))

    async def unfinished(self, kind: str, parent_id: int) -> list[Creation]:
        begun = [each for (of_kind, _), each in self._begun.items() if of_kind == kind]
        return [each for each in begun if each.parent_id == parent_id]

    async def abandon(self, kind: str, code: str) -> None:
        self._begun.pop((kind, code), None)

    async def below(self, kind: str, prefix: str) -> dict[str, int]:
        new = {code: each for (of_kind, code), each in self.new.items() if of_kind == kind}
        return await super().below(kind, prefix) | {c: v for c, v in new.items() if c.startswith(prefix)}

    async def bind_all(self, kind: str, ids: Mapping[str, int]) -> None:
        for code, vtex_id in ids.items():
            await self.bind(kind, code, vtex_id)

    async def finish(self, kind: str, code: str, vtex_id: int) -> None:
        await self.abandon(kind, code)
        await self.bind(kind, code, vtex_id)
