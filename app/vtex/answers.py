"""The one error table: what each of VTEX's answers means for the attempt.

| answer | means |
|---|---|
| 2xx | done |
| 401 | unauthorized: the keys; nothing of this account works |
| 403 | unauthorized: the key lacks this API's resource |
| 429 | throttled: not processed, Retry-After is a floor |
| 503 | throttled: VTEX's own breaker is open, or maintenance |
| 423 | retry: Logistics dropped this of two near-simultaneous writes |
| 408, 500, 502, 504, other 5xx | retry: the outcome is unknown |
| 3xx, other 4xx | refused: the same again cannot help |
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from app.errors import Refused, Retry, Throttled, Unauthorized
from app.http.door import Answer

#: Where VTEX names no time: its guides ask for a minute at OMS.
_DEFAULT_PAUSE = {"orders": timedelta(minutes=1)}
_SHORT_PAUSE = timedelta(seconds=2)
_FORBIDDEN_PAUSE = timedelta(minutes=5)
_SHOWN_CHARACTERS = 300


def judge(answer: Answer, *, api: str, operation: str) -> None:
    """Return for an answer that means done, raise what else it means."""
    status = answer.status_code
    where = f"VTEX {api} ({operation})"
    match status:
        case _ if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        case HTTPStatus.UNAUTHORIZED:
            raise Unauthorized(
                f"{where} refused the app key or token (401): check vtex.app_key and vtex.app_token"
            )
        case HTTPStatus.FORBIDDEN:
            raise Unauthorized(
                f"{where} says that the app key lacks a permission (403): in VTEX's License Manager, add the"
                f" resource for {api} to its role",
                after=_FORBIDDEN_PAUSE,
            )
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            after = retry_after(answer.headers) or _DEFAULT_PAUSE.get(api, _SHORT_PAUSE)
            raise Throttled(f"{where} asks to slow down ({status})", after=after)
        case HTTPStatus.LOCKED:
            raise Retry(f"{where} was busy with another write of the same record (423)", after=_SHORT_PAUSE)
        case HTTPStatus.REQUEST_TIMEOUT:
            raise Retry(f"{where} timed out (408)", unknown_outcome=True)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Retry(
                f"{where} failed with {status}{_said(answer)}",
                after=retry_after(answer.headers),
                unknown_outcome=True,
            )
        case _:
            raise Refused(f"{where} refused it with {status}{_said(answer) or ': no explanation was given'}")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After as seconds or as an HTTP date; None if absent or unreadable."""
    value = (headers.get("retry-after") or "").strip()
    if value.isdigit():
        return timedelta(seconds=int(value))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(timedelta(0), moment - datetime.now(UTC))


def _said(answer: Answer) -> str:
    said = " ".join(answer.text.split())[:_SHOWN_CHARACTERS]
    return f": {said}" if said else ""
