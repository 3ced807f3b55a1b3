"""The stand-in store's records and switches: plain dictionaries in VTEX's own field names."""

import itertools
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from app.sandbox.feed_queue import FeedQueue
from app.sandbox.hook_calls import Hook
from app.sandbox.orders import Order, Reservation
from app.sandbox.prices import Price
from app.sandbox.quota import PricingQuota
from app.sandbox.wire import Record

#: The brand of VTEX's own examples, and so of ours.
EXAMPLES_BRAND = 2_000_000
#: The first id that each kind of record gets; other ranges per kind, so that a mixed-up id shows.
FIRST_IDS = {"product": 1, "sku": 1001, "brand": EXAMPLES_BRAND + 1, "category": 2, "image": 50001}
FIRST_IDS |= {"group": 3001, "field": 4001, "field value": 6001, "specification": 8001}
FIRST_IDS |= {"complement": 61, "kit part": 7001}
FIRST_IDS |= {"skuservicetype": 134, "skuservicevalue": 301, "skuservice": 401}

SERVICE_NOUNS = ("skuservicetype", "skuservicevalue", "skuservice")


def _brands() -> dict[int, Record]:
    return {1: _brand(1, "Integration"), EXAMPLES_BRAND: _brand(EXAMPLES_BRAND, "Artesanato")}


def _brand(number: int, name: str) -> Record:
    brand = {"Id": number, "Name": name, "Text": "", "Keywords": "", "SiteTitle": name, "Active": True}
    nothing = {"MenuHome": False, "AdWordsRemarketingCode": None, "LomadeeCampaignCode": None, "Score": None}
    return brand | nothing | {"LinkId": name.lower()}


def _integration_category() -> dict[int, Record]:
    category = {"Id": 1, "Name": "Integration", "FatherCategoryId": None, "Title": "Integration"}
    texts = {"Description": "", "Keywords": "", "LomadeeCampaignCode": None, "AdWordsRemarketingCode": None}
    names = ("IsActive", "ShowInStoreFront", "ShowBrandFilter", "ActiveStoreFrontLink")
    flags = dict.fromkeys(names, True)
    rest = {"GlobalCategoryId": 0, "StockKeepingUnitSelectionMode": "LIST", "Score": None}
    return {1: category | texts | flags | rest | {"LinkId": "integration"}}


def _warehouses() -> dict[str, Record]:
    def warehouse(code: str, name: str, dock: str) -> Record:
        docks = [{"dockId": dock, "time": "00:00:00", "cost": 0}]
        return {"id": code, "name": name, "warehouseDocks": docks, "pickupPointIds": []} | {
            "priority": 0,
            "isActive": True,
        }

    return {"1_1": warehouse("1_1", "Main warehouse", "1"), "sp": warehouse("sp", "São Paulo", "dock-sp")}


def _change_settings() -> Record:
    """Order modifications are switched off in a new account, as VTEX's schema has it."""
    pipeline = ("enableTaxHubRecalculation", "compensateShippingChanges", "enablePromotionRecalculation")
    return {
        "paymentConfiguration": {"customPaymentSystemsAllowed": []},
        "rolloutConfiguration": {"usingDefaultBehavior": True, "enableApi": False},
        "pipelineConfiguration": dict.fromkeys((*pipeline, "enableNativeTaxRecalculation"), False),
    }


@dataclass
class Stock:
    quantity: int = 0
    unlimited: bool = False
    lead_time: str = "00:00:00"


@dataclass
class Settings:
    """What a test or an integrator may switch; all off in a new store."""

    #: Enforce the published quota of the Pricing API.
    pricing_quota: PricingQuota | None = None
    #: How long a stock write takes; overlapping ones of a SKU and warehouse answer 423.
    stock_write_seconds: float = 0
    #: How late the order list's index follows an order.
    list_lag_seconds: float = 0
    #: From ready-for-handling on, a cancellation is first only requested, and done when asked for again.
    cancel_in_two_steps: bool = False
    #: Share of feed reads after which an item stays visible, so that it comes twice.
    feed_duplicate_ratio: float = 0
    #: Share of feed items that come a second time, also after the first was committed.
    feed_repeat_ratio: float = 0
    #: Add a member that the WSDL does not know to webservice replies.
    webservice_unknown_member: bool = False
    #: Move the store's clock, to see timeouts pass without waiting for them.
    clock_offset_seconds: float = 0
    #: How long an order modification takes from the 202 on.
    change_seconds: float = 0
    #: Why order modifications end as canceled, where they are to.
    change_fails: str | None = None


@dataclass
class Store(Settings):
    account: str = "sandboxstore"
    app_key: str = "sandbox-key"
    app_token: str = "sandbox-token"  # noqa: S105 - the published key of a store that holds nothing
    seed: int = 1
    products: dict[int, Record] = field(default_factory=dict)
    product_by_ref: dict[str, int] = field(default_factory=dict)
    product_skus: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: Trade policies of each product; 1 is the main one.
    sales_policies: dict[int, set[int]] = field(default_factory=dict)
    #: Of each product, by their ids.
    similar_categories: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    skus: dict[int, Record] = field(default_factory=dict)
    sku_by_ref: dict[str, int] = field(default_factory=dict)
    eans: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    images: defaultdict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    complements: dict[int, Record] = field(default_factory=dict)
    kit_parts: dict[int, Record] = field(default_factory=dict)
    #: By the noun of their route.
    services: dict[str, dict[int, Record]] = field(
        default_factory=lambda: {noun: {} for noun in SERVICE_NOUNS}
    )
    brands: dict[int, Record] = field(default_factory=_brands)
    categories: dict[int, Record] = field(default_factory=_integration_category)
    specification_groups: dict[int, Record] = field(default_factory=dict)
    specification_fields: dict[int, Record] = field(default_factory=dict)
    specification_values: dict[int, Record] = field(default_factory=dict)
    #: The associations of each product and SKU with fields and values, by their own ids.
    product_specifications: defaultdict[int, dict[int, Record]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    sku_specifications: defaultdict[int, dict[int, Record]] = field(default_factory=lambda: defaultdict(dict))
    #: By SKU id as Pricing and Logistics write it: a string, where leading zeros matter.
    prices: dict[str, Price] = field(default_factory=dict)
    warehouses: dict[str, Record] = field(default_factory=_warehouses)
    stock: dict[tuple[str, str], Stock] = field(default_factory=dict)
    stock_locks: set[tuple[str, str]] = field(default_factory=set)
    #: By SKU and warehouse, then by order.
    reservations: defaultdict[tuple[str, str], dict[str, Reservation]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    orders: dict[str, Order] = field(default_factory=dict)
    #: Of each order, oldest first; what they are, app.sandbox.modifications knows.
    modifications: dict[str, list[Any]] = field(default_factory=dict)
    change_settings: Record = field(default_factory=_change_settings)
    feed: FeedQueue = field(init=False)
    hook: Hook = field(init=False)
    chance: random.Random = field(init=False)
    _ids: dict[str, Iterator[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # nosec B311  # noqa: S311  repeatable on purpose
        self.feed = FeedQueue(self.chance)
        self.hook = Hook(self.account)
        self._ids = {kind: itertools.count(first) for kind, first in FIRST_IDS.items()}

    def reset(self) -> None:
        """Back to a new store in place: others hold a reference to this object."""
        fresh = Store(account=self.account, app_key=self.app_key, app_token=self.app_token, seed=self.seed)
        self.__dict__.update(fresh.__dict__)

    def next_id(self, kind: str, taken: dict[int, Record]) -> int:
        return next(number for number in self._ids[kind] if number not in taken)

    def next_image_id(self) -> int:
        return next(self._ids["image"])

    def now(self) -> float:
        return time.time() + self.clock_offset_seconds

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


def store_of(request: Request) -> Store:
    store: Store = request.app.state.store
    return store
