"""Which way a request goes: what may be connected to, by which TLS; checked as the connection is made."""

import errno
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any

import httpx2

from app.config.networks import IPAddress, IPNetwork, literal, refusal
from app.config.tls import SYSTEM, TlsFiles


@dataclass(frozen=True, slots=True)
class Way:
    """Requests of different ways share no connection."""

    #: Private networks that may be connected to; None: all of them.
    networks: tuple[IPNetwork, ...] | None = None
    tls: TlsFiles = SYSTEM
    #: The settings that hold the address, the networks and the files, as in erp.callback_url.
    section: str = ""
    address_setting: str = ""

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """For the address that is connected to next, whatever DNS said before or says later."""
        family, kind, protocol, _, address = info
        self.check(ip_address(address[0]))
        return socket.socket(family, kind, protocol)

    def check_written(self, host: str) -> None:
        """Where a proxy connects, only an address that stands in the URL itself can be checked."""
        if (address := literal(host)) is not None:
            self.check(address)

    def check(self, address: IPAddress) -> None:
        what = refusal(address, self.networks)
        if what is None:
            return
        fix = f"correct {self.address_setting or 'its name or its DNS'}"
        if refusal(address, None) is None:
            fix = f"if it stands there, name its network in {self.section}.allow_networks"
        raise AddressRefused(errno.EACCES, f"it leads to {address}, {what}: {fix}")


class AddressRefused(OSError):
    """No connection is made to it."""


#: VTEX's: its addresses stand in the configuration or are VTEX's own.
USUAL = Way()


class Contexts:
    """TLS of each way; files are read again when they changed."""

    def __init__(self) -> None:
        #: Read once: each new transport would stop the loop while it reads all authorities anew.
        self._system = _system()
        self._read: dict[TlsFiles, tuple[tuple[tuple[int, int], ...], SSLContext]] = {}

    def of(self, way: Way) -> SSLContext:
        """httpx2.ConnectError names the setting whose file is wrong; nothing was sent."""
        if not way.tls.present:
            return self._system
        try:
            state = tuple((each.stat().st_mtime_ns, each.stat().st_ino) for each in way.tls.present)
            known = self._read.get(way.tls)
            if known is None or known[0] != state:
                known = self._read[way.tls] = (state, _plain(way.tls.context(_system)))
        except OSError as error:
            raise httpx2.ConnectError(f"{error.filename}: {error.strerror}") from error
        except ValueError as error:
            raise httpx2.ConnectError(f"{way.section}.{error}") from error
        return known[1]


def _system() -> SSLContext:
    return _plain(httpx2.create_ssl_context())


def _plain(context: SSLContext) -> SSLContext:
    context.set_alpn_protocols(["http/1.1"])
    return context
