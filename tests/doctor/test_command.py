"""`bridge doctor` as a command: its output, its exit codes, and what it never prints."""

import json
from pathlib import Path

from app.doctor.findings import Result
from tests.doctor.asking import Doctor, lines
from tests.running import CALLBACK_SECRET, RunningSandbox, configuration

CANARIES = ("canary-app-key", "canary-app-token", "canary-hook-secret", "canary-password", "canary-query")
#: The mark of what could not be asked.
UNASKED = "–"  # noqa: RUF001
DOWN = "postgresql://bridge:canary-password@127.0.0.1:9/bridge"


async def test_what_is_not_in_order_is_a_line_with_its_remedy_and_exit_code_1(doctor: Doctor) -> None:
    await doctor.fault("pricing/prices", 403)
    ended = await doctor.said()
    assert ended.returncode == 1
    [line] = [line for line in lines(ended) if "✗" in line]
    assert line == (
        "  ✗ prices: VTEX pricing (read price) says that the app key lacks a permission (403); in VTEX's"
        " License Manager, give its role the resource Read prices and Modify prices"
    )
    assert ended.stderr == ""


async def test_what_could_not_be_asked_is_exit_code_2(doctor: Doctor) -> None:
    await doctor.fault("pricing/prices", 429, headers={"Retry-After": "1"})
    ended = await doctor.said()
    assert ended.returncode == 2
    assert f"  {UNASKED} prices: VTEX pricing (read price) asks to slow down (429); ask again later" in lines(
        ended
    )


async def test_all_in_order_is_exit_code_0(doctor: Doctor) -> None:
    ended = await doctor.said()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = lines(ended)
    assert said[:5] == ["✓ configuration", "✓ database: SQLite", "✓ schema", "", "acme"]
    assert all(line.startswith("  ✓ ") for line in said[5:])


async def test_for_machines_the_shape_is_the_same_whatever_is_found(doctor: Doctor) -> None:
    await doctor.fault("feed/config", 403)
    document = json.loads((await doctor.said("--json")).stdout)
    assert document["in_order"] is False
    assert all(
        each.keys() == {"connection", "check", "result", "said", "remedy"} for each in document["checks"]
    )
    found = {(each["connection"], each["check"]): each for each in document["checks"]}
    assert found[None, "schema"] == {
        "connection": None,
        "check": "schema",
        "result": "ok",
        "said": None,
        "remedy": None,
    }
    assert found["acme", "feed"]["result"] == "ill"
    assert "Feed v3 and Hook Admin" in found["acme", "feed"]["remedy"]


async def test_a_configuration_that_cannot_be_used_is_told_like_the_rest(doctor: Doctor) -> None:
    content = configuration(doctor.database_url, doctor.sandbox.url, vtex={"mode": "loud"})
    ended = await doctor.said(content=content)
    assert ended.returncode == 2
    [line] = lines(ended)
    assert line.startswith("✗ configuration: ")
    assert "connections.acme.vtex.mode: must be 'complete' or 'express'" in line
    [check] = json.loads((await doctor.said("--json", content=content)).stdout)["checks"]
    assert (check["check"], check["result"]) == ("configuration", "ill")


async def test_a_field_that_no_kind_has_is_no_configuration_in_order(doctor: Doctor) -> None:
    defaults = {"category_id": 1, "brand_id": 1}
    express = doctor.changed(
        vtex={"mode": "express", "defaults": defaults, "express_owns": {"sku": ["colour"]}}
    )
    ended = await express.said()
    assert ended.returncode == 1
    assert "✗ configuration: connections.acme.vtex.express_owns.sku: a sku has no field colour" in lines(
        ended
    )


async def test_a_connection_that_there_is_not_is_refused(doctor: Doctor) -> None:
    ended = await doctor.said("--connection", "acne")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "there is no connection 'acne'; the configuration has: acme" in ended.stderr


async def test_explaining_sends_no_test(doctor: Doctor) -> None:
    ended = await doctor.said("--explain", "-", "--send-test")
    assert ended.returncode == 2
    assert "leave out one of --explain and --send-test" in ended.stderr


async def test_without_its_database_vtex_is_asked_all_the_same(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Whatever is down, support asks for all the rest."""
    doctor = Doctor(sandbox, "sqlite:///unused.db", tmp_path)
    ended = await doctor.said(BRIDGE_DATABASE_URL=DOWN)
    assert "canary-password" not in ended.stdout + ended.stderr
    assert ended.returncode == 1
    said = lines(ended)
    assert said[1].startswith("✗ database: it cannot be reached: ")
    assert said[1].endswith("check database_url and database_password, and that it runs")
    assert said[2] == f"{UNASKED} schema: not asked: the database cannot be reached"
    assert {"  ✓ keys", "  ✓ prices", "  ✓ order"} <= set(said)


async def test_a_database_file_that_is_not_there_is_told_and_not_made(
    sandbox: RunningSandbox, sqlite_url: str, tmp_path: Path
) -> None:
    database = (await Doctor(sandbox, sqlite_url, tmp_path).found())["database"]
    assert database.said == f"there is no file {tmp_path / 'bridge.db'}"
    assert "run `bridge migrate`" in database.remedy
    assert not (tmp_path / "bridge.db").exists()


async def test_a_database_without_its_schema_is_told_and_vtex_is_asked(
    sandbox: RunningSandbox, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "bridge.db").touch()
    doctor = Doctor(sandbox, database_url, tmp_path)
    found = await doctor.found()
    assert (found["schema"].result, found["schema"].remedy) == (Result.ILL, "run `bridge migrate`")
    assert found["keys"].result is Result.OK


async def test_on_postgresql_it_is_in_order_too(
    sandbox: RunningSandbox, migrated_postgres_url: str, tmp_path: Path
) -> None:
    found = await Doctor(sandbox, migrated_postgres_url, tmp_path).found()
    assert {each.result for each in found.values()} == {Result.OK}
    assert found["database"].said == "PostgreSQL"


async def test_no_secret_is_printed_even_where_vtex_echoes_it(doctor: Doctor) -> None:
    hook = {
        "sources": ["feed", "hook"],
        "hook_url": "http://127.0.0.1:9",
        "hook_secret": "env:TEST_HOOK_SECRET",
    }
    host = doctor.sandbox.url.removeprefix("http://")
    asking = doctor.changed(
        orders=hook, erp={"callback_url": f"http://u:canary-password@{host}/erp/orders?t=canary-query"}
    )
    environment = {
        "TEST_APP_KEY": "canary-app-key",
        "TEST_APP_TOKEN": "canary-app-token",
        "TEST_HOOK_SECRET": "canary-hook-secret",
    }
    echo = " ".join([*CANARIES[:2], "was sent"])
    await doctor.fault("", 400, echo)
    for arguments in (("--json",), ("--send-test",)):
        ended = await asking.said(*arguments, content=None, **environment)
        assert ended.returncode == 1
        printed = ended.stdout + ended.stderr
        assert "[redacted] [redacted] was sent" in printed
        assert not [each for each in (*CANARIES, CALLBACK_SECRET) if each in printed]
        assert "Traceback" not in printed


async def test_each_connection_is_a_group_and_one_can_be_chosen(
    doctor: Doctor, sandbox: RunningSandbox
) -> None:
    content = configuration(doctor.database_url, sandbox.url)
    other = json.loads(json.dumps(content["connections"]["acme"]))
    other["vtex"] |= {"account": "otherstore", "app_key": "env:OTHER_KEY"}
    other["vtex"]["pricing_url"] = content["connections"]["acme"]["vtex"]["pricing_url"]
    content["connections"]["beta"] = other
    ended = await doctor.said(content=content, OTHER_KEY="no-key-of-the-store")
    assert ended.returncode == 1
    acme, beta = ended.stdout.split("\nbeta\n")
    assert "✗" not in acme
    assert "✗ keys: VTEX refuses env:OTHER_KEY and env:TEST_APP_TOKEN (401)" in beta
    alone = await doctor.said("--connection", "acme", content=content, OTHER_KEY="no-key-of-the-store")
    assert alone.returncode == 0, alone.stdout
    assert "beta" not in alone.stdout
