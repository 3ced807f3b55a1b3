"""The ERP's callback: that its host can be reached and the secrets be read; a signed ping if it is wanted."""

from functools import partial
from http import HTTPStatus

from app.config import ErpSettings
from app.config.secret import webhook_key
from app.doctor.findings import NotInOrder, Question
from app.erp.callback import Callback, way_to
from app.http.door import Sender
from app.http.reaching import reach

_PLACE = "erp.callback_url"
#: There is somebody, who has no place for callbacks.
_NO_PLACE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE})
#: What stands before the ERP answers for it.
_AWAY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


def callback_questions(erp: ErpSettings, name: str, door: Sender, *, send_test: bool) -> list[Question]:
    questions = [Question("callback secrets", "erp.callback_secret", partial(_secrets, erp))]
    if send_test:
        ping = partial(_ping, Callback(door, name, erp))
        return [*questions, Question("callback test", _PLACE, ping)]
    return [*questions, Question("callback", _PLACE, partial(_reach, erp))]


async def _secrets(erp: ErpSettings) -> str:
    for name, reference in erp.callback_secrets.items():
        problem = reference.problem()
        if problem:
            raise NotInOrder(f"erp.{name}: {problem}", f"put the secret where {reference} leads")
        try:
            webhook_key(reference.get())
        except ValueError as error:
            raise NotInOrder(f"erp.{name} ({reference}) {error}", "put such a secret there") from error
    return ""


async def _reach(erp: ErpSettings) -> str:
    reached = await reach(str(erp.callback_url), way_to(erp))
    return f"{reached}; whether it takes our signature, --send-test shows"


async def _ping(callback: Callback) -> str:
    """An order is no ping: what an ERP refuses in it says nothing of orders."""
    status = await callback.ping()
    if status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.CONFLICT:
        return f"the ERP took a signed ping ({status})"
    if status < HTTPStatus.BAD_REQUEST:
        raise NotInOrder(f"the ERP redirects ({status})", f"set {_PLACE} to the address that it redirects to")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise NotInOrder(
            f"the ERP refuses our signature ({status})",
            "let the ERP and erp.callback_secret have the same secret, and their clocks the same time",
        )
    if status in _NO_PLACE:
        raise NotInOrder(f"nobody takes callbacks there ({status})", f"check {_PLACE}, its path too")
    if status in _AWAY:
        raise NotInOrder(f"the ERP is away ({status})", "start it, or what stands between it and its proxy")
    return f"the ERP is there, and answered {status} to a ping, which is no order: see its log for why"
