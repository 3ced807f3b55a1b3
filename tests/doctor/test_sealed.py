"""What is stored of people, and the sellers' accounts, are asked for too; no key is made on the way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from app import personal_data
from app.config import parse
from app.database import Database
from app.doctor.examining import examine
from app.doctor.findings import Finding, Result
from app.queue.store import Store
from tests.contract.rest import RestContract
from tests.doctor.asking import Doctor
from tests.queue.making import accept, fact
from tests.running import RunningSandbox, configuration, running_sandbox

SAID = {"order": "1-01", "number": "7", "value": "1.00", "items": [], "xml": "<nome>Maria</nome>"}


@pytest.fixture
async def seller(rest_contract: RestContract) -> AsyncIterator[RunningSandbox]:
    """The seller's own account."""
    async with running_sandbox(rest_contract) as running:
        yield running


def made(doctor: Doctor, **encryption: object) -> dict[str, object]:
    settings = configuration(doctor.database_url, doctor.sandbox.url, **doctor.changes)
    return {name: each for name, each in settings.items() if name != "encryption"} | encryption


async def stored(doctor: Doctor, *, sealed: bool = True, **encryption: object) -> None:
    database = Database(doctor.database_url)
    personal = personal_data.of(parse(made(doctor, **encryption)))
    store = Store(database, personal=personal) if sealed else Store(database)
    await accept(store, fact("1-01/7", SAID, target="order:1-01"))
    await store.drain()
    await database.close()


async def asked(doctor: Doctor, **encryption: object) -> Finding:
    found = await examine(parse(made(doctor, **encryption)), ["acme"], send_test=False)
    [only] = [each for each in found if each.check == "personal data"]
    return only


async def test_a_key_that_is_not_there_is_told_and_none_is_made(doctor: Doctor, tmp_path: Path) -> None:
    await stored(doctor)
    file = Path(f"{make_url(doctor.database_url).database}.key")
    away = await asyncio.to_thread(file.rename, tmp_path / "away")
    found = await asked(doctor)
    assert (found.result, found.remedy) == (Result.ILL, f"put {file} back")
    assert not await asyncio.to_thread(file.exists)
    await asyncio.to_thread(away.rename, file)
    assert (await asked(doctor)).said.startswith("sealed by key ")


async def test_another_key_than_that_which_sealed_is_told(doctor: Doctor, tmp_path: Path) -> None:
    await stored(doctor)
    other = tmp_path / "other"
    await asyncio.to_thread(other.write_text, Fernet.generate_key().decode())
    found = await asked(doctor, encryption={"keys": [f"file:{other}"]})
    assert found.result is Result.ILL
    assert "content of connection acme is sealed with key " in found.said
    assert found.remedy.startswith("put that key back")


async def test_what_stands_in_clear_is_told(doctor: Doctor) -> None:
    await stored(doctor, sealed=False)
    found = await asked(doctor)
    assert (found.result, found.remedy) == (Result.ILL, "run `bridge seal`")


async def test_before_the_first_start_there_is_no_key(doctor: Doctor) -> None:
    found = await asked(doctor)
    assert (found.result, found.said) == (
        Result.OK,
        "there is no key yet; the bridge makes it at its first start",
    )


@pytest.mark.parametrize(("status", "said"), [(401, "refused the app key"), (403, "lacks a permission")])
async def test_a_sellers_refused_keys_are_told(
    doctor: Doctor, seller: RunningSandbox, status: int, said: str
) -> None:
    keys = {"app_key": "env:TEST_APP_KEY", "app_token": "env:TEST_APP_TOKEN"}
    there = {"lojab": {"account": "lojab", **keys, "rest_url": seller.url}}
    asking = doctor.changed(vtex={"sellers": there})
    assert await asking.ill() == {}
    fault = {"action": "status", "status": status, "path_regex": "oms/pvt/orders/", "times": None}
    await seller.control("faults", fault)
    [(check, found)] = (await asking.ill()).items()
    assert check == "order of seller lojab"
    assert said in found.said
    assert "vtex.sellers.lojab" in found.remedy or "View order" in f"{found.said}{found.remedy}"
