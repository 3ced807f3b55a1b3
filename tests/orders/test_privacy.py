"""Of an order's customer no log line knows, whatever the ERP answers."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.orders.erp import Erp
from tests.orders.steps import bought, told
from tests.processes import RoleProcess
from tests.running import RunningSandbox, configuration, until


@pytest.mark.parametrize(
    ("status", "reason_class"), [(500, "transient"), (410, "refused"), (401, "unauthorized")]
)
async def test_a_customers_document_that_the_erp_echoes_is_in_no_log_line(
    migrated_sqlite_url: str, shop: RunningSandbox, erp: Erp, tmp_path: Path, status: int, reason_class: str
) -> None:
    erp.echoes = True
    erp.answers_with(status)
    settings = configuration(migrated_sqlite_url, shop.url, erp={"callback_url": f"{erp.url}/orders"})
    process = RoleProcess("all", {"log_level": "debug", **settings}, tmp_path)
    log = tmp_path / "all.log"

    def attempted() -> bool:
        return '"event":"delivery.attempted"' in log.read_text()

    await process.start()
    try:
        await bought(shop)
        await told(erp, 1)
        await until(attempted, "the attempt is in the log")
    finally:
        assert await asyncio.wait_for(process.stop(), 30) == 0
    document = erp.callbacks[0].verified()["order"]["customer"]["document"]
    lines = log.read_text().splitlines()
    [attempt] = [each for each in map(json.loads, lines) if each["event"] == "delivery.attempted"][:1]
    assert (attempt["reason"], attempt["reason_class"]) == (None, reason_class)
    assert any(json.loads(line)["event"] == "request.sent" for line in lines)
    assert document
    assert [line for line in lines if document in line] == []
