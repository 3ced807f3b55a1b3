"""Whether an address can be connected to at all, and why not, in words."""

import asyncio
import socket
import ssl
from contextlib import suppress

import httpx2

from app.errors import Retry
from app.http.proxies import Proxies
from app.http.ways import USUAL, Contexts, Way

NO_SUCH_NAME = "DNS does not know its name"
_PORTS = {"https": 443, "http": 80}


def unreachable(error: Exception) -> str:
    why = type(error).__name__
    match error:
        case socket.gaierror():
            why = NO_SUCH_NAME
        case ssl.SSLCertVerificationError():
            why = f"TLS: its certificate is not trusted, {error.verify_message}"
        case ssl.SSLError():
            why = f"TLS failed, {error.reason or 'without a reason'}"
        case ConnectionRefusedError():
            why = "it refuses connections"
        case OSError():
            why = error.strerror or why
    return why


async def reach(address: str, way: Way) -> str:
    """Connect, with TLS where the address has it, and send nothing: what was reached; Retry says why not.

    Behind a proxy of the environment, the proxy is all that can be reached without a request.
    """
    url = httpx2.URL(address)
    proxy = Proxies().of(url)
    target = httpx2.URL(proxy) if proxy else url
    host, port = target.host, target.port or _PORTS[target.scheme]
    who = f"{host}:{port}" + (", the proxy of the environment," if proxy else "")
    try:
        if proxy:
            way.check_written(url.host)
        context = Contexts().of(way) if target.scheme == "https" else None
        connected = await _connected(host, port, USUAL if proxy else way)
        _, writer = await asyncio.open_connection(
            sock=connected, ssl=context, server_hostname=host if context else None
        )
    except OSError as error:
        raise Retry(f"{who} cannot be reached ({unreachable(error)})") from error
    except httpx2.ConnectError as error:
        raise Retry(f"{who} cannot be reached ({error})") from error
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return f"{who} can be reached"


async def _connected(host: str, port: int, way: Way) -> socket.socket:
    """To the first of its addresses that takes it; the last one's error."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError("it has no address")
    for info in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            opened = way.socket(info)
            opened.setblocking(False)
            try:
                await loop.sock_connect(opened, info[-1])
            except BaseException:
                opened.close()
                raise
        except OSError as error:
            failure = error
        else:
            return opened
    raise failure
