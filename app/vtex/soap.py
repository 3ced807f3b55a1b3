"""The SOAP codec: zeep writes envelopes and reads replies; the HTTP goes through the same door as REST.

The only module that knows zeep.
"""

import base64
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault
from zeep.helpers import serialize_object

from app.config import VtexSettings
from app.errors import Refused, Retry
from app.http.answer import Answer
from app.http.door import Outgoing, Sender
from app.vtex import guarded_xml
from app.vtex.answers import judge
from app.vtex.credentials import app_key_and_token

WSDL = Path(__file__).with_name("webservice.wsdl")
_BINDING = "{http://tempuri.org/}BasicHttpBinding_IService"
_SERVER_ERROR = 500
_API = "webservice"


@cache
def _client() -> Any:
    """Built once: tolerant of members that VTEX added later, intolerant of DTDs."""
    settings = Settings(strict=False, xsd_ignore_sequence_order=True, forbid_dtd=True, forbid_entities=True)
    return Client(str(WSDL), settings=settings)  # type: ignore[no-untyped-call]  # zeep is untyped


class Webservice:
    def __init__(self, door: Sender, connection: str, settings: VtexSettings) -> None:
        self._door = door
        self._connection = connection
        self._settings = settings
        self._binding = _client().wsdl.bindings[_BINDING]

    async def call(self, operation: str, *arguments: Any) -> dict[str, Any] | None:
        """The result as a dict of its members; None where the webservice says nil, or nothing."""
        return self._members(await self._result(operation, arguments))

    async def listed(self, operation: str, *arguments: Any) -> list[dict[str, Any]]:
        """The members of each result; none where the webservice says nil."""
        results: list[Any] = serialize_object(await self._result(operation, arguments), dict) or []  # type: ignore[no-untyped-call]
        return [each for each in results if isinstance(each, dict)]

    async def _result(self, operation: str, arguments: tuple[Any, ...]) -> Any:
        key, token = app_key_and_token(self._settings)
        login = base64.b64encode(f"{key}:{token}".encode()).decode()
        message = self._written(operation, arguments)
        answer = await self._door.send(
            Outgoing(
                connection=self._connection,
                api=_API,
                operation=operation,
                method="POST",
                url=self._settings.webservice_address,
                headers={
                    **message.headers,
                    "Content-Type": "text/xml; charset=utf-8",
                    "Authorization": f"Basic {login}",
                },
                content=etree.tostring(message.content, xml_declaration=True, encoding="utf-8"),
                timeout_seconds=self._settings.timeout_seconds,
                secrets=(key, token, login),
                judge=partial(self._judge, operation),
            )
        )
        return self._read(operation, answer)

    def _written(self, operation: str, arguments: tuple[Any, ...]) -> Any:
        try:
            # Positional: operations have parameters named like zeep's own arguments.
            return self._binding.get(operation).create(*arguments)
        except ValueError as error:
            # Control characters have no place in XML, however they are escaped.
            raise Refused(f"this cannot be written as XML for {operation}: {error}") from error

    def _judge(self, operation: str, answer: Answer) -> None:
        # A fault comes with status 500, so the body is asked before the table.
        if answer.status_code != _SERVER_ERROR or b"Fault" not in answer.content:
            judge(answer, api=_API, operation=operation)
        else:
            self._read(operation, answer)

    def _read(self, operation: str, answer: Answer) -> Any:
        try:
            # zeep, tolerant as it is here, would mend a reply that was cut off, and lose its id.
            guarded_xml.check(answer.content)
            return self._binding.process_reply(_client(), self._binding.get(operation), answer)
        except Fault as fault:
            raise _judged_fault(operation, fault, answer) from fault
        except guarded_xml.UnsafeXMLError as error:
            reason = f"VTEX webservice ({operation}) sent an answer that cannot be read: it {error}"
            raise Retry(reason, unknown_outcome=True) from error
        except (ZeepError, etree.XMLSyntaxError, AttributeError, IndexError) as error:
            reason = f"VTEX webservice ({operation}) sent an answer that is no SOAP ({type(error).__name__})"
            raise Retry(reason, unknown_outcome=True) from error

    @staticmethod
    def _members(result: Any) -> dict[str, Any] | None:
        members = serialize_object(result, dict)  # type: ignore[no-untyped-call]
        if not isinstance(members, dict):
            return None
        # zeep makes a nil result an object whose members are all None.
        return None if all(value is None for value in members.values()) else members


def _judged_fault(operation: str, fault: Fault, answer: Answer) -> Refused | Retry:
    """soap:Client blames our message; anything else may be VTEX's bad moment, its effect unknown."""
    said = answer.shown(str(fault.message or "no explanation"))
    reason = f"VTEX webservice ({operation}) answered with a fault: {said}"
    code = str(fault.code or "").rpartition(":")[2]
    return Refused(reason) if code == "Client" else Retry(reason, unknown_outcome=True)


def decimal(value: Any) -> Decimal | None:
    """xs:decimal wants no exponent: zeep writes what it is given."""
    return None if value is None else Decimal(format(Decimal(str(value)), "f"))
