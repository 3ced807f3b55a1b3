"""Which addresses a configuration may name: https, private networks by name, TLS files by reference."""

from pathlib import Path
from typing import Any

import pytest

from app.config import ErpSettings, parse
from tests.test_config import ERP, PLACE, VTEX, mistakes, with_vtex

HTTPS = "must begin with https://; http:// is for this machine alone (localhost, 127.0.0.1)"


def with_erp(**changes: Any) -> dict[str, Any]:
    return {"connections": {"acme": {"vtex": VTEX, "erp": {**ERP, **changes}}}}


def erp(**changes: Any) -> ErpSettings:
    found = parse(with_erp(**changes)).connections["acme"].erp
    assert found
    return found


@pytest.mark.parametrize("setting", ["rest_url", "pricing_url", "payments_url", "webservice_url"])
@pytest.mark.parametrize(
    "address", ["http://vtex.example.com", "http://10.0.0.1", "http://127.0.0.1.example.com"]
)
def test_vtex_is_called_by_https_alone(setting: str, address: str) -> None:
    place = f"{PLACE}: connections.acme.vtex.{setting}"
    assert mistakes(with_vtex(**{setting: address})) == [f"{place}: {HTTPS}"]


def test_an_erp_and_a_seller_are_called_by_https_alone() -> None:
    content = with_erp(callback_url="http://erp.example.com/orders")
    seller = {"account": "b", "app_key": "env:TEST_APP_KEY", "app_token": "env:TEST_APP_TOKEN"}
    content["connections"]["acme"]["vtex"] = {
        **VTEX,
        "sellers": {"b": {**seller, "rest_url": "http://seller.example.com"}},
    }
    content["connections"]["acme"]["orders"] = {"hook_url": "http://bridge.example.com"}
    place = f"{PLACE}: connections.acme"
    assert sorted(mistakes(content)) == [
        f"{place}.erp.callback_url: {HTTPS}",
        f"{place}.orders.hook_url: {HTTPS}",
        f"{place}.vtex.sellers.b.rest_url: {HTTPS}",
    ]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_is_called_by_http_too_where_it_is_named(host: str) -> None:
    allowed = {str(each) for each in erp(callback_url=f"http://{host}:9090/orders").networks}
    assert allowed == {"127.0.0.0/8", "::1/128"}


def test_no_network_is_allowed_by_itself() -> None:
    assert erp().networks == ()


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.0.9", "[fd00::9]", "[::ffff:10.1.2.3]"])
def test_a_private_address_in_callback_url_needs_its_network(host: str) -> None:
    [mistake] = mistakes(with_erp(callback_url=f"https://{host}/orders"))
    assert mistake.startswith(f"{PLACE}: connections.acme.erp: callback_url: ")
    assert "is a private address: name its network, allow_networks = [" in mistake
    assert erp(callback_url=f"https://{host}/orders", allow_networks=["0.0.0.0/0", "::/0"]).networks


@pytest.mark.parametrize("host", ["169.254.169.254", "0xa9fea9fe", "2852039166", "0.0.0.0", "[ff02::1]"])
def test_an_address_that_is_never_called_is_refused_at_the_start(host: str) -> None:
    content = with_erp(callback_url=f"https://{host}/orders", allow_networks=["0.0.0.0/0", "::/0"])
    [mistake] = mistakes(content)
    assert "erp: callback_url: " in mistake
    assert "allow_networks" not in mistake


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("169.254.0.0/16", "erp: allow_networks: 169.254.0.0/16 is a link-local address: that is never"),
        ("fd00:ec2::254", "erp: allow_networks: fd00:ec2::254/128 is a cloud's metadata address"),
        ("10.0.0.0/33", "erp.allow_networks.0: value is not a valid IPv4 or IPv6 network"),
    ],
)
def test_a_network_that_cannot_be_allowed_is_named(network: str, said: str) -> None:
    [mistake] = mistakes(with_erp(allow_networks=[network]))
    assert mistake.startswith(f"{PLACE}: connections.acme.{said}")


def test_a_client_certificate_needs_its_key(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_text("x")
    for setting in ("client_certificate", "client_key"):
        [mistake] = mistakes(with_erp(**{setting: f"file:{file}"}))
        assert mistake.endswith("erp: client_certificate and client_key: each needs the other")


def test_tls_files_are_references_that_lead_to_pem(tmp_path: Path) -> None:
    empty = tmp_path / "client.pem"
    empty.write_text("no PEM")
    pair = {"client_certificate": f"file:{empty}", "client_key": f"file:{empty}"}
    place = f"{PLACE}: connections.acme.erp"
    assert mistakes(with_erp(ca_file="/etc/ssl/erp.pem"))[0].startswith(f"{place}.ca_file: secrets stand in")
    assert mistakes(with_erp(ca_file="env:TEST_APP_KEY")) == [
        f"{place}.ca_file: must be a PEM file by reference: write file:/path"
    ]
    missing = tmp_path / "missing.pem"
    assert mistakes(with_erp(ca_file=f"file:{missing}")) == [
        f"{place}.ca_file: file {missing} cannot be read (No such file or directory)"
    ]
    assert mistakes(with_erp(ca_file=f"file:{empty}"))[0].startswith(f"{place}.ca_file: no PEM certificates")
    assert mistakes(with_erp(**pair))[0].startswith(
        f"{place}.client_certificate: it and client_key are no pair"
    )
