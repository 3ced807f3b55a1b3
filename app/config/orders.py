"""What can be set of a connection's orders: where they are heard of, and which statuses the ERP is told."""

from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from app.config.secret import SecretRef
from app.config.vtex import BaseUrl, Section

#: VTEX Orders API, the filter of feed and hook; the last four were seen, and stand in its help centre.
ORDER_STATUSES = frozenset(
    "order-created on-order-completed on-order-completed-ffm payment-pending waiting-for-order-authorization"
    " approve-payment payment-approved request-cancel waiting-for-seller-decision waiting-ffmt-authorization"
    " waiting-for-authorization waiting-for-manual-authorization authorize-fulfillment order-create-error"
    " order-creation-error window-to-cancel window-to-change-seller waiting-for-mkt-authorization"
    " waiting-seller-handling ready-for-handling start-handling handling invoice-after-cancellation-deny"
    " order-accepted invoice invoiced replaced cancellation-requested cancel canceled"
    " waiting-for-fulfillment ready-for-invoicing window-to-change-payment"
    " waiting-for-sellers-confirmation".split()
)


def _known_status(status: str) -> str:
    """VTEX validates none: a misspelt one silently matches nothing, and two of its guides misspell."""
    if status not in ORDER_STATUSES:
        near = get_close_matches(status, sorted(ORDER_STATUSES), 1)
        meant = f"; {near[0]!r} is meant?" if near else ""
        raise ValueError(f"VTEX has no order status {status!r}{meant}")
    return status


OrderStatus = Annotated[str, AfterValidator(_known_status)]


class OrderSettings(Section):
    sources: list[Literal["feed", "hook", "list"]] = Field(default=["feed"])
    #: The statuses that the ERP is told of. Handling starts after it was told ready-for-handling, so
    #: without that one it is for the ERP's information alone.
    report: Annotated[frozenset[OrderStatus], Field(min_length=1)] = frozenset(
        {"ready-for-handling", "cancellation-requested", "canceled", "invoiced"}
    )
    #: Where VTEX reaches this bridge's /v1/vtex/hook/orders, from outside and by https.
    hook_url: BaseUrl | None = None
    #: VTEX sends it with each notification, in the header `key`; it selects the connection.
    hook_secret: SecretRef | None = None
    #: How often VTEX is asked whether it has our hook still.
    hook_check_seconds: Annotated[float, Field(gt=0)] = 600
    #: Replace a feed or hook configuration that this service did not make.
    take_over: bool = False
    #: VTEX asks for 5 s at least.
    feed_poll_seconds: Annotated[float, Field(ge=0.05)] = 5
    list_poll_seconds: Annotated[float, Field(ge=0.05)] = 300
    feed_visibility_seconds: Annotated[int, Field(ge=1, le=43200)] = 240

    @model_validator(mode="after")
    def _hook_is_whole(self) -> Self:
        if "hook" in self.sources and (self.hook_url is None or self.hook_secret is None):
            raise ValueError('sources has "hook": hook_url and hook_secret are needed')
        return self
