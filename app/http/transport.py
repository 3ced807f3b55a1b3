"""httpx2's transport over aiohttp, whose parser and connections are compiled: a request costs a third.

The only module that knows aiohttp. Errors leave it as httpx2's own.
"""

from functools import lru_cache
from ssl import SSLContext

import aiohttp
import httpx2
from yarl import URL

from app.http.proxies import Proxies
from app.http.reaching import NO_SUCH_NAME, unreachable
from app.http.ways import AddressRefused, Way

#: A longer answer is nothing that VTEX or an ERP has to say; counted after decompression.
LONGEST_ANSWER_BYTES = 16 * 2**20
_DNS_SECONDS = 10
#: An idle connection is dropped before the other side's usual limits would race with a request.
_IDLE_SECONDS = 5.0
_LONGEST_HEADER_BYTES = 64 * 1024
#: What httpx2's client would add; the rest (Host, Content-Length) aiohttp adds itself.
_HEADERS = {"User-Agent": "erp-vtex-bridge", "Accept-Encoding": "gzip, deflate"}


class AnswerTooLong(httpx2.ReadError):
    """It is not read to its end."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Opens as many connections as there are requests at once: bound them above.

    `timeout` of a request's extensions, in seconds: `connect` for a new connection with name and TLS, `read`
    for all of it, from the start to the last byte.
    """

    def __init__(self, authorities: SSLContext, proxies: Proxies, way: Way) -> None:
        self._proxies = proxies
        self._way = way
        self._authorities = authorities
        self._direct = self._session(way.socket)
        #: A proxy stands where the environment says; it is opened when one is needed.
        self._proxied: aiohttp.ClientSession | None = None

    def _session(self, opening: aiohttp.SocketFactoryType | None = None) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                ssl=self._authorities,
                ttl_dns_cache=_DNS_SECONDS,
                keepalive_timeout=_IDLE_SECONDS,
                socket_factory=opening,
            ),
            # Connections of all accounts share this: what one is told to remember, no other may send.
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            middlewares=(_once,),
            max_line_size=_LONGEST_HEADER_BYTES,
            max_field_size=_LONGEST_HEADER_BYTES,
        )

    def _session_through(self, proxy: str | None, host: str) -> aiohttp.ClientSession:
        if proxy is None:
            return self._direct
        self._way.check_written(host)
        if self._proxied is None:
            self._proxied = self._session()
        return self._proxied

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, read to its end; httpx2's errors."""
        url, timeout = request.url, request.extensions["timeout"]
        content = await request.aread()
        proxy = self._proxies.of(url)
        try:
            answer = await self._session_through(proxy, url.host).request(
                request.method,
                # As httpx2 wrote it: quoting it again would ask for something else.
                URL(f"{url.scheme}://{url.netloc.decode()}{url.raw_path.decode()}", encoded=True),
                headers=[
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
                ],
                data=content or None,
                allow_redirects=False,
                timeout=_timeout(timeout["connect"], timeout["read"]),
                proxy=proxy,
            )
            async with answer:
                body = await _read(answer)
        except AddressRefused as error:
            raise httpx2.ConnectError(unreachable(error)) from error
        # ValueError: what cannot be written as a header or an address. TimeoutError is an OSError.
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _translated(error) from error
        headers = answer.raw_headers
        if "Content-Encoding" in answer.headers:
            # It is decompressed already.
            headers = tuple(pair for pair in headers if pair[0].lower() != b"content-encoding")
        return httpx2.Response(
            answer.status, headers=headers, stream=httpx2.ByteStream(body), request=request
        )

    async def aclose(self) -> None:
        await self._direct.close()
        if self._proxied is not None:
            await self._proxied.close()


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp sends GET, PUT and DELETE again after these errors; after errors of others it does not."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _translated(error) from error


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    while chunk := await answer.content.readany():
        chunks.append(chunk)
        size += len(chunk)
        if size > LONGEST_ANSWER_BYTES:
            answer.close()
            raise AnswerTooLong(f"more than {LONGEST_ANSWER_BYTES} bytes")
    return b"".join(chunks)


@lru_cache
def _timeout(connect: float, whole: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=whole, connect=connect)


#: The first that fits. A connection that never stood is told from one that broke: then nothing was sent.
_ERRORS: tuple[tuple[tuple[type[Exception], ...], type[httpx2.TransportError]], ...] = (
    ((aiohttp.ConnectionTimeoutError,), httpx2.ConnectTimeout),
    ((aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError), httpx2.ConnectError),
    ((TimeoutError,), httpx2.ReadTimeout),
    ((aiohttp.ServerDisconnectedError,), httpx2.RemoteProtocolError),
    ((ValueError,), httpx2.LocalProtocolError),
    ((Exception,), httpx2.ReadError),
)


def _translated(error: Exception) -> httpx2.TransportError:
    ours = next(ours for theirs, ours in _ERRORS if isinstance(error, theirs))
    return ours(_why(error) if ours is httpx2.ConnectError else str(error))


def _why(error: Exception) -> str:
    """Why a connection never stood, without what a proxy's address may hold."""
    match error:
        case aiohttp.ClientHttpProxyError():
            return f"the proxy of the environment refused it with {error.status}"
        case aiohttp.ClientProxyConnectionError():
            return f"the proxy of the environment: {unreachable(error.os_error)}"
        case aiohttp.ClientConnectorDNSError():
            return NO_SUCH_NAME
        case aiohttp.ClientConnectorCertificateError():
            return unreachable(error.certificate_error)
        case aiohttp.ClientConnectorError():
            return unreachable(error.os_error)
    return type(error).__name__
