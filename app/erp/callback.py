"""The ERP's callback: one signed POST (Standard Webhooks), and what the ERP's answer means."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal
from uuid import uuid4

import msgspec
from pydantic import AwareDatetime, BaseModel, Field
from standardwebhooks import Webhook

from app.config import ErpSettings
from app.config.secret import webhook_key
from app.errors import Refused, Retry, Throttled, Unauthorized
from app.http.answer import Answer
from app.http.door import Outgoing, Sender
from app.http.ways import Way

LONGEST_REFERENCE = 255
#: Of the address or the moment, not of the order: an ERP that is being deployed answers so for a while.
_NOT_NOW = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.MISDIRECTED_REQUEST,
        HTTPStatus.TOO_EARLY,
    }
)


class Ping(BaseModel):
    """A person tests the way to the ERP: there is no order in it, and nothing to do."""

    type: Literal["ping"] = "ping"
    connection: str = Field(description="Of the bridge's configuration.", examples=["acme"])
    sent_at: AwareDatetime


class Callback:
    def __init__(self, door: Sender, connection: str, settings: ErpSettings) -> None:
        self._door = door
        self._connection = connection
        self._settings = settings
        self._way = way_to(settings)

    async def send(self, webhook_id: str, body: dict[str, Any]) -> str | None:
        """Return when the ERP has it (2xx, or 409: it had it before), with its own number if it says one."""
        return _reference(await self._post("callback", webhook_id, body, _judge))

    async def ping(self) -> int:
        """A test without an order: the status that the ERP answers to it, whichever it is."""
        now = datetime.now(UTC)
        body = Ping(connection=self._connection, sent_at=now).model_dump(mode="json")
        return (await self._post("ping", f"ping_{uuid4()}", body, None)).status_code

    async def _post(
        self, operation: str, webhook_id: str, body: dict[str, Any], judge: Callable[[Answer], None] | None
    ) -> Answer:
        # Sorted, so that every retry has the same bytes.
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        now = datetime.now(UTC)
        keys = self._secrets()
        return await self._door.send(
            Outgoing(
                connection=self._connection,
                api="erp",
                operation=operation,
                method="POST",
                url=str(self._settings.callback_url),
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": "erp-vtex-bridge",
                    "webhook-id": webhook_id,
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": signatures(keys.values(), webhook_id, now, text),
                },
                content=text.encode(),
                timeout_seconds=self._settings.timeout_seconds,
                secrets=tuple(keys),
                judge=judge,
                way=self._way,
            )
        )

    def _secrets(self) -> dict[str, bytes]:
        """Each with its key; without one of them nothing is sent."""
        keys = {}
        for name, reference in self._settings.callback_secrets.items():
            try:
                secret = reference.get()
            except (LookupError, OSError, ValueError) as error:
                # In the middle of a rotation the file may be away for a moment.
                raise Unauthorized(f"erp.{name} cannot be read ({reference}): put it there") from error
            try:
                keys[secret] = webhook_key(secret)
            except ValueError as error:
                raise Unauthorized(f"erp.{name} ({reference}) {error}") from error
        return keys


def way_to(settings: ErpSettings) -> Way:
    return Way(settings.networks, settings.tls, section="erp", address_setting="erp.callback_url")


def signatures(keys: Iterable[bytes], webhook_id: str, moment: datetime, text: str) -> str:
    """The header `webhook-signature`: one of each key, separated by a blank."""
    return " ".join(Webhook(key).sign(webhook_id, moment, text) for key in keys)


def _reference(answer: Answer) -> str | None:
    """`{"erp_order_ref": "…"}`, or a number; the ERP's yes counts whatever else it says."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = msgspec.json.decode(answer.content)
        said = body.get("erp_order_ref") if isinstance(body, dict) else None
        if isinstance(said, str | int) and not isinstance(said, bool):
            reference = str(said).replace("\x00", "").strip()
            if 0 < len(reference) <= LONGEST_REFERENCE:
                return reference
    return None


def _judge(answer: Answer) -> None:
    """What the ERP finds wrong with an order needs a person; all else passes, and it is told again.

    Reasons are logged, and an ERP may answer with the order: its words stand in the attempt alone.
    """
    status = answer.status_code
    kept = "its answer stands in the attempt" if answer.content.strip() else "without a word"
    match status:
        case _ if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.CONFLICT:
            return
        case HTTPStatus.GONE:
            raise Refused(f"the ERP wants no more callbacks (410), {kept}; replay when it does")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise Refused(f"the ERP finds it too large (413), {kept}; let it take more, then replay")
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            raise Unauthorized(f"the ERP refused our signature ({status}), {kept}; check erp.callback_secret")
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            raise Throttled(f"the ERP asks to slow down ({status})", after=answer.retry_after())
        case _ if (
            HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _NOT_NOW
        ):
            raise Refused(f"the ERP refused it ({status}), {kept}; mend the cause there, then replay")
        case _ if status < HTTPStatus.BAD_REQUEST:
            raise Retry(f"the ERP redirects ({status}); correct erp.callback_url", unknown_outcome=True)
        case _:
            raise Retry(f"the ERP answered {status}; {kept}", unknown_outcome=True)
