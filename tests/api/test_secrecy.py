"""A running bridge: every log line is JSON and names its event; no answer and no line holds a secret."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.database import Database
from app.keys import Keys
from tests.processes import RoleProcess
from tests.running import SECRETS, RunningSandbox, configuration, until
from tests.test_main_job import PRICE, PRODUCT, SKU

#: The one secret that is in SECRETS for the ERP's side, without its mark.
FORBIDDEN = [*SECRETS.values(), SECRETS["TEST_CALLBACK_SECRET"].removeprefix("whsec_")]


class Running:
    """`bridge all` as a process, after a day with a delivery, a failure and an order."""

    def __init__(self, client: httpx2.AsyncClient, key: str, log: Path) -> None:
        self.client = client
        self.key = key
        self._log = log

    async def ended(self, kind: str, change: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.post(f"/v1/changes/{kind}", json=change)
        [event] = answer.json()["events"]
        shown: dict[str, Any] = {}

        async def has_ended() -> bool:
            shown.update((await self.client.get(f"/v1/events/{event['id']}")).json())
            return shown["finished_at"] is not None

        await until(has_ended, f"{kind} has ended", seconds=60)
        return shown

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
async def running(
    migrated_sqlite_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> AsyncIterator[Running]:
    database = Database(migrated_sqlite_url)
    key = await Keys(database).create("acme")
    await database.close()
    process = RoleProcess("all", configuration(migrated_sqlite_url, sandbox.url), tmp_path)
    await process.start()
    headers = {"Authorization": f"Bearer {key}"}
    try:
        async with httpx2.AsyncClient(base_url=process.url, headers=headers) as client:
            yield Running(client, key, tmp_path / "all.log")
    finally:
        assert await asyncio.wait_for(process.stop(), 30) == 0


async def test_each_delivery_is_a_json_line_with_its_event_and_its_calls(running: Running) -> None:
    delivered = await running.ended("product", PRODUCT)
    failed = await running.ended("sku", {"code": "X", "product": PRODUCT["code"]})
    assert (delivered["status"], failed["status"]) == ("delivered", "failed")

    def both() -> bool:
        told = [line["event_id"] for line in running.lines() if line["event"] == "delivery.attempted"]
        return {delivered["id"], failed["id"]} <= set(told)

    await until(both, "both attempts are in the log")
    lines = {line["event_id"]: line for line in running.lines() if line["event"] == "delivery.attempted"}
    good, bad = lines[delivered["id"]], lines[failed["id"]]
    assert (good["level"], good["outcome"], good["key"]) == ("info", "delivered", PRODUCT["code"])
    assert any(call.startswith("POST /api/catalog/pvt/product ") for call in good["calls"])
    assert (bad["level"], bad["outcome"], bad["reason"]) == ("warning", "failed", failed["why"])
    assert {"timestamp", "logger", "connection", "kind", "lane", "duration_ms"} <= set(good)


async def test_every_line_of_a_process_is_json(running: Running) -> None:
    await running.ended("product", PRODUCT)
    lines = running.lines()
    assert {"started", "delivery.attempted"} <= {line["event"] for line in lines}
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)


async def test_no_answer_and_no_log_line_holds_a_secret(running: Running, sandbox: RunningSandbox) -> None:
    for kind, change in (("product", PRODUCT), ("sku", SKU), ("price", PRICE)):
        assert (await running.ended(kind, change))["status"] == "delivered"
    await sandbox.control("orders", {"items": [{"ref_id": SKU["code"], "quantity": 1}]})
    failed = await running.ended("sku", {"code": "X", "product": PRODUCT["code"]})

    async def told() -> bool:
        events = (await running.client.get("/v1/events", params={"kind": "order"})).json()["events"]
        return [event["status"] for event in events] == ["delivered"]

    await until(told, "the ERP is told of the order", seconds=60)
    events = (await running.client.get("/v1/events")).json()["events"]
    paths = [f"/v1/events/{event['id']}" for event in events]
    paths += ["/v1/events", "/v1/entities/sku/00123456", "/v1/nothing", "/metrics", "/readyz"]
    answers = [(await running.client.get(path)).text for path in paths]
    assert any('"calls":[{' in answer for answer in answers)
    assert failed["id"] in "".join(answers)
    for said in [*answers, running.log()]:
        assert [secret for secret in [*FORBIDDEN, running.key] if secret in said] == []
