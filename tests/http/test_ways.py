"""Where no request may be led: checked at the address that is connected to, whatever its name said before."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from app.config.networks import LOOPBACK, IPNetwork, literal, refusal
from app.errors import Retry
from app.http.door import Door
from app.http.reaching import reach
from app.http.ways import Way
from tests.http.conftest import to
from tests.http.names import dns
from tests.http.wire import Wire

ERP = Way((), section="erp", address_setting="erp.callback_url")
TEN = (ip_network("10.0.0.0/8"),)
EVERYTHING: tuple[IPNetwork, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))

NEVER = {
    "169.254.169.254": "a cloud's metadata address",
    "fd00:ec2::254": "a cloud's metadata address",
    "fd20:ce::254": "a cloud's metadata address",
    "100.100.100.200": "a cloud's metadata address",
    "168.63.129.16": "a cloud's metadata address",
    "192.0.0.192": "a cloud's metadata address",
    "169.254.0.1": "a link-local address",
    "fe80::1": "a link-local address",
    "fe80::1%eth0": "a link-local address",
    "224.0.0.1": "a multicast address",
    "ff02::1": "a multicast address",
    "0.0.0.0": "an unspecified address",
    "0.1.2.3": "an unspecified address",
    "::": "an unspecified address",
    "255.255.255.255": "a reserved address",
    # The same, written into IPv6: mapped, compatible, NAT64, 6to4, Teredo.
    "::ffff:169.254.169.254": "a cloud's metadata address",
    "::ffff:0.0.0.0": "an unspecified address",
    "::169.254.169.254": "a cloud's metadata address",
    "64:ff9b::a9fe:a9fe": "a cloud's metadata address",
    "2002:a9fe:a9fe::1": "a cloud's metadata address",
    "2001:0:a9fe:a9fe::1": "a cloud's metadata address",
}
PRIVATE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "fd12:3456::1",
    "64:ff9b:1::808:808",
    "::ffff:10.1.2.3",
    "::10.1.2.3",
    "64:ff9b::a01:203",
    "2002:a01:203::1",
]


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_connected_to_whatever_is_allowed(address: str) -> None:
    for allowed in ((), EVERYTHING, None):
        assert refusal(ip_address(address), allowed) == NEVER[address]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_unless_its_network_is_allowed(address: str) -> None:
    assert refusal(ip_address(address), ()) == "a private address"
    assert refusal(ip_address(address), EVERYTHING) is None


def test_a_network_that_is_allowed_allows_its_addresses_alone_in_ipv6_clothes_too() -> None:
    allowed = ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203"]
    assert [refusal(ip_address(each), TEN) for each in allowed] == [None] * 3
    assert refusal(ip_address("192.168.1.1"), TEN) == "a private address"
    assert refusal(ip_address("127.0.0.1"), TEN) == "a loopback address"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
def test_loopback_is_refused_unless_it_is_allowed(address: str) -> None:
    assert refusal(ip_address(address), ()) == "a loopback address"
    assert refusal(ip_address(address), LOOPBACK) is None


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_is_connected_to(address: str) -> None:
    assert refusal(ip_address(address), ()) is None


@pytest.mark.parametrize(
    "written",
    [
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "0xA9.254.0251.254",
        "[::ffff:a9fe:a9fe]",
    ],
)
def test_an_address_is_known_in_each_of_its_spellings(written: str) -> None:
    address = literal(written)
    assert address is not None
    assert refusal(address, None) == "a cloud's metadata address"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0x7f.1"])
async def test_loopback_is_not_connected_to_and_the_setting_named(door: Door, wire: Wire, host: str) -> None:
    with pytest.raises(Retry) as raised:
        await door.send(replace(to(f"http://{host}:{wire.port}/ok"), way=ERP))
    fix = "a loopback address: if it stands there, name its network in erp.allow_networks"
    assert fix in str(raised.value)
    assert not raised.value.unknown_outcome
    assert wire.requests == []


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "127.1", "0x7f000001", "[::ffff:127.0.0.1]"])
async def test_no_other_spelling_of_loopback_leads_there(door: Door, wire: Wire, host: str) -> None:
    with pytest.raises(Retry):
        await door.send(replace(to(f"http://{host}:{wire.port}/ok"), way=ERP))
    assert wire.requests == []


async def test_metadata_is_not_connected_to_though_everything_is_allowed(door: Door) -> None:
    way = replace(ERP, networks=EVERYTHING)
    with pytest.raises(Retry) as raised:
        await door.send(replace(to("http://169.254.169.254/latest/meta-data"), way=way))
    assert str(raised.value) == (
        "169.254.169.254 cannot be reached (it leads to 169.254.169.254, a cloud's metadata address:"
        " correct erp.callback_url)"
    )


async def test_vtex_is_not_looked_for_at_a_link_local_address_either(door: Door) -> None:
    with pytest.raises(Retry, match=r"it leads to 169\.254\.1\.1, a link-local address"):
        await door.send(to("http://169.254.1.1/"))


async def test_a_name_that_is_rebound_after_it_was_checked_leads_nowhere(wire: Wire) -> None:
    """The check and the connection are of one address: that DNS says another one next time opens no door."""
    door = Door(life_seconds=0)
    with dns(["10.9.9.9"], ["127.0.0.1"]):
        for leads_to in ("10.9.9.9, a private address", "127.0.0.1, a loopback address"):
            with pytest.raises(Retry, match=leads_to):
                await door.send(replace(to(f"http://erp.test:{wire.port}/ok"), way=ERP))
    await door.close()
    assert wire.requests == []


async def test_of_several_addresses_only_those_that_are_allowed_are_connected_to(
    door: Door, wire: Wire
) -> None:
    with dns(["10.9.9.9", "127.0.0.1"]):
        answer = await door.send(
            replace(to(f"http://erp.test:{wire.port}/ok"), way=replace(ERP, networks=LOOPBACK))
        )
    assert answer.text == "ok"
    assert wire.requests[0].headers["host"] == f"erp.test:{wire.port}"


async def test_what_one_connection_may_reach_another_may_not_by_its_open_connection(
    door: Door, wire: Wire
) -> None:
    await door.send(replace(to(f"{wire.url}/ok"), way=replace(ERP, networks=LOOPBACK)))
    with pytest.raises(Retry, match="a loopback address"):
        await door.send(replace(to(f"{wire.url}/ok"), way=ERP))
    assert len(wire.requests) == 1


async def test_a_name_that_dns_does_not_know_names_its_setting(door: Door) -> None:
    with pytest.raises(Retry) as raised:
        await door.send(replace(to("https://no-such-erp.invalid/"), way=ERP))
    assert str(raised.value) == (
        "no-such-erp.invalid cannot be reached (DNS does not know its name: check erp.callback_url)"
    )


async def test_a_proxy_may_be_private_and_an_address_in_the_url_is_checked_before_it(
    door: Door, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", wire.url)
    assert (await door.send(replace(to("http://erp.example.com/ok"), way=ERP))).text == "ok"
    for host in ("169.254.169.254", "2852039166", "10.1.1.1"):
        with pytest.raises(Retry, match="it leads to"):
            await door.send(replace(to(f"http://{host}/ok"), way=ERP))
    assert len(wire.requests) == 1


async def test_the_doctor_reaches_no_further(wire: Wire) -> None:
    with pytest.raises(Retry, match=r"it leads to 127.0.0.1, a loopback address"):
        await reach(wire.url, ERP)
    assert "can be reached" in await reach(wire.url, replace(ERP, networks=LOOPBACK))
