"""What can be set of a connection's VTEX account: keys, codec, mode, units, addresses, quotas."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    model_validator,
)

from app.config.networks import is_loopback
from app.config.secret import SecretRef

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _base_url(url: HttpUrl) -> str:
    if url.scheme == "http" and not is_loopback(url.host or ""):
        raise ValueError("must begin with https://; http:// is for this machine alone (localhost, 127.0.0.1)")
    return str(url).rstrip("/")


BaseUrl = Annotated[HttpUrl, AfterValidator(_base_url)]


class Defaults(Section):
    """Where express mode puts new products (VTEX ids)."""

    category_id: int
    brand_id: int
    department_id: int | None = None


class QuotaSettings(Section):
    """What the other side allows; without `burst` it counts requests per minute."""

    per_minute: Annotated[float, Field(gt=0)]
    #: Two at least: with one, no request could ever be late.
    burst: Annotated[int, Field(ge=2)] | None = None


class BudgetSettings(Section):
    """Quotas of accounts that have others than VTEX publishes; what is not published adapts by itself."""

    pricing_writes: QuotaSettings | None = None
    pricing_deletes: QuotaSettings | None = None
    pricing_reads: QuotaSettings | None = None
    order_reads: QuotaSettings | None = None
    orders: QuotaSettings | None = None
    catalog: QuotaSettings | None = None
    catalog_endpoint: QuotaSettings | None = None
    logistics: QuotaSettings | None = None
    webservice: QuotaSettings | None = None
    payments: QuotaSettings | None = None


Account = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
#: As VTEX names it in the orders that it sells.
Seller = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


class SellerSettings(Section):
    """The account of a seller whose orders this ERP fulfils."""

    account: Account
    app_key: SecretRef
    app_token: SecretRef
    rest_url: BaseUrl | None = None


def seller_scope(connection: str, seller: str) -> str:
    """Under which its budgets and pauses are kept; no connection's name has a slash."""
    return f"{connection}/{seller}"


class VtexSettings(Section):
    account: Account
    environment: Text = "vtexcommercestable"
    app_key: SecretRef
    app_token: SecretRef
    catalog: Literal["rest", "webservice"] = "rest"
    #: complete: the ERP owns all that it sends; express: later only EANs, measures, prices and stock.
    mode: Literal["complete", "express"] = "complete"
    defaults: Defaults | None = None
    #: express: the fields, by kind, that the ERP keeps after creation, instead of the kind's own list.
    express_owns: dict[str, frozenset[str]] = {}
    #: Whether the ERP's quantities leave out the orders that it has taken, or we are to: physical totals.
    stock_policy: Literal["as_sent", "subtract_open_orders"] = "as_sent"
    #: The unit in which the ERP sends weights, and the one the store weighs in (VTEX: usually grams).
    weight_unit: Literal["g", "kg"]
    store_weight_unit: Literal["g", "kg"] = "g"
    length_unit: Literal["mm", "cm", "m"]
    store_length_unit: Literal["mm", "cm", "m"] = "cm"
    rest_url: BaseUrl | None = None
    pricing_url: BaseUrl | None = None
    payments_url: BaseUrl | None = None
    webservice_url: BaseUrl | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 10
    budgets: BudgetSettings = BudgetSettings()
    #: A marketplace: what these sell is invoiced and tracked in their own accounts.
    sellers: dict[Seller, SellerSettings] = {}

    @model_validator(mode="after")
    def _express_needs_defaults(self) -> Self:
        if self.mode == "express" and self.defaults is None:
            raise ValueError('mode = "express" needs a [defaults] section with category_id and brand_id')
        return self

    def of_seller(self, seller: str) -> "VtexSettings":
        """As this one, for the orders in the seller's account."""
        return self.model_copy(update={**dict(self.sellers[seller]), "sellers": {}})

    @property
    def rest_base(self) -> str:
        return str(self.rest_url or f"https://{self.account}.{self.environment}.com.br")

    @property
    def pricing_base(self) -> str:
        return str(self.pricing_url or f"https://api.vtex.com/{self.account}")

    @property
    def payments_base(self) -> str:
        return str(self.payments_url or f"https://{self.account}.vtexpayments.com.br")

    @property
    def webservice_address(self) -> str:
        return str(
            self.webservice_url
            or f"https://webservice-{self.account}.vtexcommerce.com.br/AdminWebService/Service.svc"
        )
