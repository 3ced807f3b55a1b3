"""Keys that VTEX refuses are a person's matter: a change waits with a clear reason, then goes on."""

from pathlib import Path

import pytest

from tests.changes.conftest import Starting
from tests.changes.steps import PRODUCT, end, make_due, rotate
from tests.running import RunningSandbox


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "app-token"
    file.write_text("sandbox-token\n")
    return file


async def test_refused_keys_are_named_and_new_ones_need_no_restart(
    starting: Starting, sandbox: RunningSandbox, catalog: str, token: Path
) -> None:
    async with starting(vtex={"catalog": catalog, "app_token": f"file:{token}"}) as bridge:
        rotate(token, "of-last-year")
        event = await end(bridge, "product", PRODUCT, "retrying")
        assert "refused the app key or token (401)" in event["why"]
        assert "check vtex.app_key and vtex.app_token" in event["why"]
        assert "of-last-year" not in str(event)
        rotate(token, "sandbox-token")
        await make_due(bridge)
        await bridge.reaches(event["id"], "delivered")
    assert len((await sandbox.state())["products"]) == 1


async def test_a_key_file_that_is_away_is_named_and_waited_for(
    starting: Starting, catalog: str, token: Path
) -> None:
    async with starting(vtex={"catalog": catalog, "app_token": f"file:{token}"}) as bridge:
        rotate(token, None)
        event = await end(bridge, "product", PRODUCT, "retrying")
        assert f"file:{token}" in event["why"]
        rotate(token, "sandbox-token")
        await make_due(bridge)
        await bridge.reaches(event["id"], "delivered")


async def test_a_missing_permission_is_named_and_waited_for(
    starting: Starting, sandbox: RunningSandbox
) -> None:
    async with starting() as bridge:
        forbidden = {"action": "status", "status": 403, "method": "POST", "path_regex": "/product$"}
        await sandbox.control("faults", forbidden)
        event = await end(bridge, "product", PRODUCT, "retrying")
        assert "Product and SKU Management" in event["why"]
        await make_due(bridge)
        await bridge.reaches(event["id"], "delivered")
