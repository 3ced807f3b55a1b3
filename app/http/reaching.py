"""Whether an address can be connected to at all, and why not, in words."""

import asyncio
import socket
import ssl
from contextlib import suppress

import httpx2

from app.errors import Retry
from app.http.proxies import Proxies

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


async def reach(address: str) -> str:
    """Connect, with TLS where the address has it, and send nothing: what was reached; Retry says why not.

    Behind a proxy of the environment, the proxy is all that can be reached without a request.
    """
    url = httpx2.URL(address)
    proxy = Proxies().of(url)
    target = httpx2.URL(proxy) if proxy else url
    host, port = target.host, target.port or _PORTS[target.scheme]
    context = httpx2.create_ssl_context() if target.scheme == "https" else None
    who = f"{host}:{port}" + (", the proxy of the environment," if proxy else "")
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    except OSError as error:
        raise Retry(f"{who} cannot be reached ({unreachable(error)})") from error
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return f"{who} can be reached"
