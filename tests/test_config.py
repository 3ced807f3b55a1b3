"""A wrong configuration stops the start with every mistake listed; secrets stand outside of it."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings, load, parse
from app.config.settings import ServerSettings
from app.errors import ConfigurationError
from tests.running import SECRETS

PLACE = "bridge.toml"
VTEX = {
    "account": "acmestore",
    "app_key": "env:TEST_APP_KEY",
    "app_token": "env:TEST_APP_TOKEN",
    "weight_unit": "kg",
    "length_unit": "cm",
}
ERP = {"callback_url": "https://erp.example.com/orders", "callback_secret": "env:TEST_CALLBACK_SECRET"}
TOML = """
database_url = "sqlite:///bridge.db"

[connections.acme.vtex]
account = "acmestore"
app_key = "env:TEST_APP_KEY"
app_token = "env:TEST_APP_TOKEN"
weight_unit = "kg"
length_unit = "cm"
"""


def mistakes(content: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        parse(content, place=PLACE)
    assert str(raised.value) == "\n".join(raised.value.mistakes)
    return raised.value.mistakes


def with_vtex(**changes: Any) -> dict[str, Any]:
    return {"connections": {"acme": {"vtex": {**VTEX, **changes}}}}


def test_owned_fields_that_are_no_array_are_told_how_to_be_written() -> None:
    [mistake] = mistakes(with_vtex(express_owns={"sku": "name"}))
    place = "connections.acme.vtex.express_owns.sku"
    assert mistake == f'{PLACE}: {place}: must be an array, such as ["name"]'


def test_every_mistake_is_listed_with_its_place() -> None:
    content = {
        "log_level": "loud",
        "server": {"port": 99999, "prot": 1},
        "connections": {
            "acme": {"vtex": {**VTEX, "weight_unit": "pound", "app_key": "env:MISSING"}},
            "beta": {"vtex": {}, "orders": {"sources": ["mail"]}},
        },
    }
    assert sorted(mistakes(content)) == sorted(
        f"{PLACE}: {mistake}"
        for mistake in [
            "log_level: must be 'debug', 'info', 'warning' or 'error'",
            "server.port: must be at most 65535",
            f"server.prot: no such setting; those here are {', '.join(ServerSettings.model_fields)}",
            "connections.acme.vtex.weight_unit: must be 'g' or 'kg'",
            "connections.acme.vtex.app_key: environment variable MISSING is not set",
            "connections.beta.vtex.account: is required; add it",
            "connections.beta.vtex.app_key: is required; add it",
            "connections.beta.vtex.app_token: is required; add it",
            "connections.beta.vtex.weight_unit: is required; add it",
            "connections.beta.vtex.length_unit: is required; add it",
            "connections.beta.orders.sources.0: must be 'feed', 'hook' or 'list'",
        ]
    )


@pytest.mark.parametrize("address", ["mysql://db/bridge", "bridge.db", "", "://"])
def test_another_database_is_refused(address: str) -> None:
    fix = "must begin with sqlite:/// or postgresql://"
    assert mistakes({"database_url": address}) == [f"{PLACE}: database_url: {fix}"]


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        (
            {"account": "Acme Store"},
            "account: must be 1 to 63 characters long, of small letters, digits and -",
        ),
        ({"catalog": "soap"}, "catalog: must be 'rest' or 'webservice'"),
        ({"mode": "quick"}, "mode: must be 'complete' or 'express'"),
        ({"length_unit": "inch"}, "length_unit: must be 'mm', 'cm' or 'm'"),
        ({"rest_url": "acme"}, "rest_url: must be a complete address, such as https://"),
        ({"timeout_seconds": 31}, "timeout_seconds: must be at most 30"),
        ({"environment": " "}, "environment: must not be empty"),
        ({"app_kee": "x"}, "app_kee: no such setting"),
        ({"defaults": {"category_id": 1}}, "defaults.brand_id: is required; add it"),
    ],
)
def test_a_wrong_setting_is_named_with_its_rule(changes: dict[str, Any], mistake: str) -> None:
    [found] = mistakes(with_vtex(**changes))
    assert found.startswith(f"{PLACE}: connections.acme.vtex.{mistake}")


def test_express_without_defaults_is_refused() -> None:
    fix = 'mode = "express" needs a [defaults] section with category_id and brand_id'
    assert mistakes(with_vtex(mode="express")) == [f"{PLACE}: connections.acme.vtex: {fix}"]


def test_orders_without_a_receiver_are_refused() -> None:
    content = with_vtex()
    content["connections"]["acme"]["orders"] = {"sources": ["feed"]}
    [found] = mistakes(content)
    assert found.startswith(f"{PLACE}: connections.acme: orders has sources: an [erp] section")


def test_with_an_erp_orders_are_fetched_by_the_feed() -> None:
    content = with_vtex()
    content["connections"]["acme"]["erp"] = ERP
    assert parse(content).connections["acme"].order_sources == {"feed"}


def test_without_an_erp_no_orders_are_fetched() -> None:
    assert parse(with_vtex()).connections["acme"].order_sources == frozenset()


def test_a_connection_with_an_odd_name_is_refused() -> None:
    [found] = mistakes({"connections": {"Acme Ltd": {"vtex": VTEX}}})
    assert found.startswith(f"{PLACE}: connections.Acme Ltd: must be 1 to 63 characters long")


def test_two_connections_with_the_same_account_and_key_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # Another reference to the same key.
    monkeypatch.setenv("SAME_KEY", "sandbox-key")
    content = with_vtex()
    content["connections"]["beta"] = {"vtex": {**VTEX, "app_key": "env:SAME_KEY"}}
    [found] = mistakes(content)
    assert found.startswith(f"{PLACE}: connections.beta.vtex: same account and app key as connections.acme;")
    assert "sandbox-key" not in found


@pytest.mark.parametrize("other", [{"account": "betastore"}, {"app_key": "env:OTHER_KEY"}])
def test_two_connections_may_share_the_account_or_the_key(
    monkeypatch: pytest.MonkeyPatch, other: dict[str, str]
) -> None:
    monkeypatch.setenv("OTHER_KEY", "another")
    content = with_vtex()
    content["connections"]["beta"] = {"vtex": {**VTEX, **other}}
    assert set(parse(content).connections) == {"acme", "beta"}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path / "none.toml")
    fix = "copy bridge.example.toml or name another by BRIDGE_CONFIG"
    assert raised.value.mistakes == [f"{tmp_path}/none.toml: no such file; {fix}"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'log_level = "info"\n[server\nport = 1', "line 2"),
        (b"a = 1\na = 2\nb = 3", "line 2"),
        (b"\xff", "position 0"),
    ],
)
def test_toml_that_cannot_be_read_is_named_with_its_place(tmp_path: Path, content: bytes, place: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        load(file)
    [found] = raised.value.mistakes
    assert found.startswith(f"{file}: cannot be read as TOML: ")
    assert place in found


def test_a_mistake_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "http")
    [found] = mistakes(with_vtex())
    assert found == f"{PLACE}: server.port: must be a whole number, such as 25, without quotes and decimals"


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_DATABASE_URL", "postgresql://bridge:hunter2@db/bridge")
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "9000")
    monkeypatch.setenv("BRIDGE_CONNECTIONS__ACME__VTEX__ACCOUNT", "otherstore")
    monkeypatch.setenv("BRIDGE_ENCRYPTION__KEYS", '["env:TEST_ENCRYPTION_KEY"]')
    settings = parse({**with_vtex(), "server": {"host": "0.0.0.0", "port": 8080}})
    assert settings.database == "postgresql+asyncpg://bridge:hunter2@db/bridge"
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 9000)
    assert settings.connections["acme"].vtex.account == "otherstore"
    assert settings.connections["acme"].vtex.weight_unit == "kg"


def test_the_file_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TOML)
    monkeypatch.setenv("BRIDGE_CONFIG", str(file))
    assert set(load().connections) == {"acme"}


@pytest.mark.parametrize(
    ("address", "driver", "on_sqlite"),
    [
        ("sqlite:///bridge.db", "sqlite+aiosqlite:///bridge.db", True),
        ("postgres://b@db/b", "postgresql+asyncpg://b@db/b", False),
        ("postgresql://b@db/b?ssl=require", "postgresql+asyncpg://b@db/b?ssl=require", False),
    ],
)
def test_an_address_gets_its_driver(address: str, driver: str, on_sqlite: bool) -> None:
    settings = parse({"database_url": address})
    assert (settings.database, settings.on_sqlite) == (driver, on_sqlite)


def test_settings_do_not_change_while_they_are_used() -> None:
    settings = parse(with_vtex())
    with pytest.raises(ValueError, match="frozen"):
        settings.connections["acme"].vtex.account = "other"  # type: ignore[misc]  # the fact under test


def test_the_content_is_left_as_it_was() -> None:
    content = with_vtex(mode="express", defaults={"category_id": 1, "brand_id": 1})
    before = deepcopy(content)
    assert isinstance(parse(content), Settings)
    assert content == before


def test_the_example_is_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACME_VTEX_APP_KEY", "ACME_VTEX_APP_TOKEN"):
        monkeypatch.setenv(name, name)
    monkeypatch.setenv("ACME_CALLBACK_SECRET", SECRETS["TEST_CALLBACK_SECRET"])
    settings = load(Path(__file__).parent.parent / "bridge.example.toml")
    assert settings.connections["acme"].orders.sources == ["feed", "list"]
