"""The other people of the play: the store's team, a shopper, and bad luck; and a look into the store."""

import json
from decimal import Decimal
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx2

from app.demo.goods import STAFF_POLICY, STAFF_PRICE, STAFF_PRODUCT, Record
from app.demo.polling import Stuck


class Store:
    """The sandbox, through its remote control and through VTEX's own API with the store's key."""

    def __init__(self, url: str, app_key: str, app_token: str) -> None:
        keys = {"X-VTEX-API-AppKey": app_key, "X-VTEX-API-AppToken": app_token}
        self._http = httpx2.Client(base_url=url, headers=keys, timeout=10, trust_env=False)
        self.urls: dict[str, str] = self._call("GET", "/sandbox")["urls"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def enrich(self, sku: str) -> None:
        """A picture, the SKU switched on, and the product's fields as the team types them."""
        self._call("POST", f"/sandbox/skus/{sku}/enrich", {"product": STAFF_PRODUCT})

    def add_club_price(self, sku: str) -> None:
        sku_id = next(each["Id"] for each in self.state()["skus"] if each["RefId"] == sku)
        price = [{"value": float(STAFF_PRICE), "minQuantity": 1}]
        self._call("POST", f"{self.urls['pricing_url']}/pricing/prices/{sku_id}/fixed/{STAFF_POLICY}", price)

    def order(self, items: dict[str, int]) -> str:
        lines = [{"ref_id": sku, "quantity": quantity} for sku, quantity in items.items()]
        return str(self._call("POST", "/sandbox/orders", {"items": lines})["orderId"])

    def break_once(self, path: str, status: int, method: str | None = None, **headers: str) -> None:
        """The next request there is answered with this status instead of being done."""
        rule = {"action": "status", "status": status, "path_regex": path, "method": method}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self._call("POST", "/sandbox/faults", rule | {"headers": headers})

    def break_erp_once(self) -> None:
        self._call("POST", "/sandbox/erp", {"fail_next": 1})

    def slow_down_stock(self, seconds: float) -> None:
        self._call("POST", "/sandbox/settings", {"stock_write_seconds": seconds})

    def state(self) -> Record:
        found: Record = self._call("GET", "/sandbox/state")
        return found

    def order_status(self, order_id: str) -> str:
        return next(str(each["status"]) for each in self.state()["orders"] if each["orderId"] == order_id)

    def journal(self, *, after: int = 0) -> list[Record]:
        """Every request that reached the store, with its effect."""
        found: list[Record] = self._call("GET", f"/sandbox/journal?after={after}")
        return found

    def effects(self, kind: str, *, after: int = 0) -> list[Record]:
        entries = (entry.get("effect", {}) for entry in self.journal(after=after))
        return [effect for effect in entries if effect.get("type") == kind]

    def position(self) -> int:
        """The number of the newest entry: what comes after it is new."""
        return max((int(entry["seq"]) for entry in self.journal()), default=0)

    def erp(self) -> Record:
        """What the stand-in ERP took in: verified callbacks only."""
        found: Record = self._call("GET", "/sandbox/erp")
        return found

    def _call(self, method: str, path: str, body: object = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx2.HTTPError as error:
            raise Stuck(f"the sandbox did not answer {method} {path} ({type(error).__name__})") from error
        if answer.status_code != HTTPStatus.OK:
            raise Stuck(f"the sandbox answered {answer.status_code} to {method} {path}: {answer.text}")
        # Prices are compared to the cent: no binary fractions.
        return json.loads(answer.content, parse_float=Decimal) if answer.content else None
