"""What an ERP may tell us: one file per kind; KINDS is the one list."""

from typing import Any

from app.changes import (
    activation,
    brand,
    cancellation,
    cancellation_denial,
    category,
    complement,
    image,
    invoice,
    kit,
    order_change,
    price,
    product,
    service,
    sku,
    specification,
    stock,
    tracking,
    tracking_event,
)
from app.changes.kind import Kind

#: A new kind is one file beside this one and one line here: route, OpenAPI, dispatch and metrics follow.
KINDS: dict[str, Kind[Any]] = {
    kind.name: kind
    for kind in (
        brand.KIND,
        category.KIND,
        product.KIND,
        sku.KIND,
        specification.KIND,
        image.KIND,
        activation.KIND,
        kit.KIND,
        complement.KIND,
        service.KIND,
        price.KIND,
        stock.KIND,
        invoice.KIND,
        tracking.KIND,
        tracking_event.KIND,
        cancellation.KIND,
        cancellation_denial.KIND,
        order_change.KIND,
    )
}
