"""The ERP's callback: one signed POST (Standard Webhooks), and what the ERP's answer means."""

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from standardwebhooks import Webhook

from app.config import ErpSettings
from app.errors import Refused, Retry, Throttled, Unauthorized
from app.http.answer import Answer
from app.http.door import Door, Outgoing


class Callback:
    def __init__(self, door: Door, connection: str, settings: ErpSettings) -> None:
        self._door = door
        self._connection = connection
        self._settings = settings

    async def send(self, webhook_id: str, body: dict[str, Any]) -> None:
        """Return when the ERP has it (2xx, or 409: it had it before)."""
        # Sorted, so that every retry has the same bytes.
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        now = datetime.now(UTC)
        secret = self._secret()
        await self._door.send(
            Outgoing(
                connection=self._connection,
                api="erp",
                operation="callback",
                method="POST",
                url=str(self._settings.callback_url),
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": "erp-vtex-bridge",
                    "webhook-id": webhook_id,
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": Webhook(secret).sign(webhook_id, now, text),
                },
                content=text.encode(),
                timeout_seconds=self._settings.timeout_seconds,
                secrets=(secret,),
                judge=_judge,
            )
        )

    def _secret(self) -> str:
        try:
            return self._settings.callback_secret.get()
        except (LookupError, OSError, ValueError) as error:
            # In the middle of a rotation the file may be away for a moment.
            where = self._settings.callback_secret
            raise Unauthorized(f"erp.callback_secret cannot be read ({where}): put it there") from error


def _judge(answer: Answer) -> None:
    """An order is never given up for what its ERP answers: but for 410, it is told again.

    Reasons are logged, and an ERP may answer with the order: its words stand in the attempt alone.
    """
    status = answer.status_code
    kept = "its answer stands in the attempt" if answer.content.strip() else "without a word"
    match status:
        case _ if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.CONFLICT:
            return
        case HTTPStatus.GONE:
            raise Refused(f"the ERP wants no more callbacks (410), {kept}; replay when it does")
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            raise Unauthorized(f"the ERP refused our signature ({status}), {kept}; check erp.callback_secret")
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            raise Throttled(f"the ERP asks to slow down ({status})", after=answer.retry_after())
        case _ if status < HTTPStatus.BAD_REQUEST:
            raise Retry(f"the ERP redirects ({status}); correct erp.callback_url", unknown_outcome=True)
        case _:
            raise Retry(f"the ERP answered {status}; {kept}", unknown_outcome=True)
