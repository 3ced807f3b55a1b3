"""Secrets stand outside of the configuration: by reference, checked at the start, never repeated."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from app.config import parse
from app.config.secret import SecretRef, webhook_key
from tests.test_config import PLACE, mistakes, with_vtex

KEY_FIX = "must be whsec_ and base64 of 24 to 64 random bytes (Standard Webhooks)"
ERP = {"callback_url": "https://erp.example.com/orders", "callback_secret": "env:TEST_CALLBACK_SECRET"}


@pytest.mark.parametrize("name", ["app_key", "app_token"])
def test_a_plain_secret_is_refused_without_repeating_it(name: str) -> None:
    found = mistakes(with_vtex(**{name: "vtexappkey-acme-XYZ"}))
    fix = "secrets stand in the environment or in a file: write env:NAME or file:/path, not the secret"
    assert found == [f"{PLACE}: connections.acme.vtex.{name}: {fix}"]


def test_a_plain_secret_with_a_colon_is_not_repeated_either() -> None:
    [found] = mistakes(with_vtex(app_token="user:hunter2"))
    assert "hunter2" not in found


@pytest.mark.parametrize(
    ("reference", "mistake"),
    [
        ("env:NOT_THERE", "environment variable NOT_THERE is not set"),
        ("env:EMPTY", "env:EMPTY is empty"),
        ("file:/not/there", "file /not/there cannot be read (No such file or directory)"),
        ("file:/", "file / cannot be read (Is a directory)"),
    ],
)
@pytest.mark.parametrize("section", ["vtex", "erp"])
def test_a_reference_that_leads_nowhere_is_named(
    monkeypatch: pytest.MonkeyPatch, section: str, reference: str, mistake: str
) -> None:
    monkeypatch.setenv("EMPTY", " ".strip())
    name = "app_token" if section == "vtex" else "callback_secret"
    content: dict[str, Any] = with_vtex()
    content["connections"]["acme"]["erp"] = dict(ERP)
    content["connections"]["acme"][section][name] = reference
    assert mistakes(content) == [f"{PLACE}: connections.acme.{section}.{name}: {mistake}"]


def test_a_secret_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    [found] = mistakes(with_vtex(app_token=f"file:{tmp_path}/token"))
    assert found.endswith(f"file {tmp_path}/token is not UTF-8")


def test_a_database_password_that_leads_nowhere_is_named() -> None:
    found = mistakes({"database_url": "postgresql://b@h/b", "database_password": "env:NOT_THERE"})
    assert found == [f"{PLACE}: database_password: environment variable NOT_THERE is not set"]


def test_a_password_in_the_database_address_is_refused_without_repeating_it() -> None:
    [found] = mistakes({"database_url": "postgresql://bridge:hunter2@db/bridge"})
    fix = 'use BRIDGE_DATABASE_URL, or database_password = "file:/path"'
    assert found == f"{PLACE}: database_url: holds a password; {fix}"


def test_a_reference_from_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_CONNECTIONS__ACME__VTEX__APP_KEY", "env:NOT_THERE")
    fix = "environment variable NOT_THERE is not set"
    assert mistakes(with_vtex()) == [f"{PLACE}: connections.acme.vtex.app_key: {fix}"]


def test_the_database_password_is_put_into_the_address(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss:word/\n")
    content = {"database_url": "postgresql://b@db/b", "database_password": f"file:{tmp_path}/password"}
    assert parse(content).database == "postgresql+asyncpg://b:p%40ss%3Aword%2F@db/b"


def test_a_secret_that_stood_long_is_read_anew_when_it_was_rotated(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("first")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    reference = SecretRef(f"file:{file}")
    assert (reference.get(), reference.get()) == ("first", "first")
    file.write_text("other")
    assert reference.get() == "other"
    file.unlink()
    with pytest.raises(FileNotFoundError):
        reference.get()


def test_a_secret_in_a_file_is_read_anew_when_it_was_rotated(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    vtex = parse(with_vtex(app_token=f"file:{token}")).connections["acme"].vtex
    assert vtex.app_token.get() == "first"
    token.write_text("second\n")
    assert vtex.app_token.get() == "second"


def test_settings_are_shown_without_their_secrets() -> None:
    shown = repr(parse(with_vtex()))
    assert "env:TEST_APP_TOKEN" in shown
    assert "sandbox-token" not in shown


def test_a_callback_secret_that_cannot_sign_is_named_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEST_CALLBACK_SECRET", "hunter2 is no base64")
    content: dict[str, Any] = with_vtex()
    content["connections"]["acme"]["erp"] = dict(ERP)
    assert mistakes(content) == [f"{PLACE}: connections.acme.erp.callback_secret: {KEY_FIX}"]


@pytest.mark.parametrize(
    "secret",
    [
        "whsec_",
        "whsec_" + "A" * 31,
        "whsec_" + "A" * 87,
        "whsec_" + "A" * 33,
        "whsk_" + "A" * 43 + "=",
        "whsec_" + "A" * 32 + "\n\nA",
        "whsec_" + "Á" * 32,
    ],
    ids=["empty", "23 bytes", "65 bytes", "no length of base64", "asymmetric", "two lines", "no ASCII"],
)
@pytest.mark.parametrize("setting", ["callback_secret", "callback_secret_previous"])
def test_a_secret_whose_key_is_none_stops_the_start(tmp_path: Path, setting: str, secret: str) -> None:
    (tmp_path / "secret").write_text(secret)
    content: dict[str, Any] = with_vtex()
    content["connections"]["acme"]["erp"] = {**ERP, setting: f"file:{tmp_path}/secret"}
    assert mistakes(content) == [f"{PLACE}: connections.acme.erp.{setting}: {KEY_FIX}"]


@pytest.mark.parametrize("length", [24, 25, 26, 64])
@pytest.mark.parametrize("padding", ["", "="])
def test_a_key_of_24_to_64_bytes_signs_padded_or_not(length: int, padding: str) -> None:
    written = base64.b64encode(bytes(length)).decode()
    secret = "whsec_" + (written if padding else written.rstrip("="))
    assert webhook_key(secret) == bytes(length)


def test_on_postgresql_a_key_to_seal_with_is_needed() -> None:
    [found] = mistakes({**with_vtex(), "database_url": "postgresql://db/bridge"})
    assert found.startswith(f"{PLACE}: encryption.keys: orders, invoices and parcels are sealed at rest")
    assert "openssl rand -base64 32" in found


def test_on_sqlite_no_key_need_be_named() -> None:
    assert parse(with_vtex()).encryption.keys == ()


@pytest.mark.parametrize(
    ("secret", "mistake"),
    [
        ("hunter2", "must be base64 of 32 random bytes (openssl rand -base64 32), one key on a line"),
        ("aHVudGVyMg==", "must be base64 of 32 random bytes (openssl rand -base64 32), one key on a line"),
        ("", "env:SEALING is empty"),
        (None, "environment variable SEALING is not set"),
    ],
)
def test_a_key_that_cannot_seal_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, secret: str | None, mistake: str
) -> None:
    if secret is not None:
        monkeypatch.setenv("SEALING", secret)
    keys = ["env:TEST_ENCRYPTION_KEY", "env:SEALING"]
    assert mistakes({**with_vtex(), "encryption": {"keys": keys}}) == [
        f"{PLACE}: encryption.keys.1: {mistake}"
    ]


@pytest.mark.parametrize(
    ("intake", "mistake"),
    [
        ({"require": "signature"}, 'intake: require = "signature" needs signature_secret'),
        ({"require": "both"}, 'intake: require = "both" needs signature_secret'),
        (
            {"signature_secret_previous": "env:TEST_CALLBACK_SECRET"},
            "intake: signature_secret_previous needs signature_secret, the one that is to stay",
        ),
        (
            {"require": "both", "signature_secret": "env:TEST_APP_KEY"},
            f"intake.signature_secret: {KEY_FIX}",
        ),
        (
            {
                "signature_secret": "env:TEST_CALLBACK_SECRET",
                "signature_secret_previous": "env:TEST_APP_KEY",
            },
            f"intake.signature_secret_previous: {KEY_FIX}",
        ),
    ],
)
def test_signatures_without_a_secret_that_can_sign_stop_the_start(
    intake: dict[str, str], mistake: str
) -> None:
    content: dict[str, Any] = with_vtex()
    content["connections"]["acme"]["intake"] = intake
    assert mistakes(content) == [f"{PLACE}: connections.acme.{mistake}"]
