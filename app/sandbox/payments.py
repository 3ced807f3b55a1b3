"""The payments gateway over HTTP: the details of a payment of an order that was placed here."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.order_document import ADDRESS, iso, payment_ids
from app.sandbox.orders import Order
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, RefusedError

_ADDRESS_MEMBERS = (
    "addressType",
    "addressId",
    "postalCode",
    "street",
    "neighborhood",
    "city",
    "state",
    "country",
    "number",
    "complement",
)


async def get_payment(request: Request) -> Response:
    store, wanted = store_of(request), request.path_params
    asked = wanted["transaction_id"], wanted["payment_id"]
    order = next((each for each in store.orders.values() if payment_ids(each) == asked), None)
    if order is None:
        # The status is VTEX's own for what does not exist; its body is undocumented.
        raise RefusedError(404, {"error": {"code": "1404", "message": "Payment not found"}})
    return Json(_payment(store, order, *asked))


def _payment(store: Store, order: Order, transaction_id: str, payment_id: str) -> Record:
    """Modelled on the example of Get payment details; money is in cents, the address is text."""
    said = {"Tid": str(order.sequence), "ReturnCode": None, "Message": None, "authId": "A1B2C3", "nsu": "N1"}
    address = {name: ADDRESS[name] for name in _ADDRESS_MEMBERS}
    fields = {
        "cardHolder": "RODRIGO SMITH",
        "firstDigits": "444433",
        "lastDigits": "1111",
        "address": msgspec.json.encode(address).decode(),
    }
    return {
        "id": payment_id,
        "paymentSystem": 2,
        "paymentSystemName": "Visa",
        "merchantName": store.account.upper(),
        "group": "creditCard",
        "authorizationDate": iso(order.when("payment-approved")),
        "self": {"href": f"/api/pvt/transactions/{transaction_id}/payments/{payment_id}"},
        "tid": str(order.sequence),
        "nsu": None,
        "returnCode": None,
        "returnMessage": None,
        "status": "Finished",
        "connector": "payment-test-v1",
        "connectorResponse": said,
        "value": order.total,
        "installmentsInterestRate": 0,
        "installmentsValue": order.total,
        "referenceValue": order.total,
        "installments": 1,
        "currencyCode": "BRL",
        "fields": [{"name": name, "value": value} for name, value in fields.items()],
    }


ROUTES = [Route("/api/pvt/transactions/{transaction_id}/payments/{payment_id}", get_payment, methods=["GET"])]
