"""What the environment says of the way out: proxies and authorities."""

import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.errors import Retry
from app.http.door import Door
from app.http.proxies import Proxies
from tests.http.conftest import to
from tests.http.wire import Wire, wire_server

#: Signed by itself for 127.0.0.1, with its key.
CERTIFICATE = Path(__file__).with_name("loopback.pem")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def tls_wire() -> AsyncIterator[Wire]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    async with wire_server(context) as running:
        yield running


def test_a_socks_proxy_is_a_mistake_that_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://user:pass@127.0.0.1:1080")
    [mistake] = Proxies().mistakes()
    assert "socks5 proxy" in mistake
    assert "ALL_PROXY" in mistake
    assert "pass" not in mistake


async def test_a_request_goes_through_the_proxy_with_its_login(
    door: Door, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", wire.url.replace("://", "://user:pass@"))
    assert (await door.send(to("http://shop.example.com/a%2Fb?c=d"))).text == "ok"
    assert wire.requests[0].path == "http://shop.example.com/a%2Fb?c=d"
    assert wire.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpwYXNz"


async def test_tls_goes_through_a_tunnel_of_the_proxy(
    door: Door, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", wire.url)
    with pytest.raises(Retry) as raised:
        await door.send(to("https://shop.example.com/secret"))
    assert (wire.requests[0].method, wire.requests[0].path) == ("CONNECT", "shop.example.com:443")
    assert not raised.value.unknown_outcome


@pytest.mark.parametrize(
    "spared", ["127.0.0.1", "127.0.0.0/8", "*", "example.com, 127.0.0.1", "example.com, *"]
)
async def test_what_no_proxy_names_is_asked_without_one(
    door: Door, wire: Wire, monkeypatch: pytest.MonkeyPatch, spared: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", spared)
    assert (await door.send(to(f"{wire.url}/ok"))).text == "ok"
    assert wire.requests[0].path == "/ok"


async def test_a_certificate_of_nobody_known_is_refused_and_nothing_sent(door: Door, tls_wire: Wire) -> None:
    with pytest.raises(Retry, match=r"127\.0\.0\.1 cannot be reached") as raised:
        await door.send(to(f"{tls_wire.url}/ok"))
    assert not raised.value.unknown_outcome
    assert tls_wire.requests == []


async def test_authorities_of_the_environment_are_trusted(
    tls_wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    door = Door()
    assert (await door.send(to(f"{tls_wire.url}/ok"))).text == "ok"
    with pytest.raises(Retry, match=r"cannot be reached \(TLS: its certificate is not trusted"):
        await door.send(to(f"{tls_wire.url.replace('127.0.0.1', 'localhost')}/ok"))
    await door.close()


async def test_an_address_that_swallows_connections_is_given_up_while_nothing_was_sent(door: Door) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        with pytest.raises(Retry, match=r"cannot be reached \(ConnectTimeout\)") as raised:
            await door.send(to(f"http://127.0.0.1:{full.getsockname()[1]}/ok", timeout=0.5))
    assert not raised.value.unknown_outcome
