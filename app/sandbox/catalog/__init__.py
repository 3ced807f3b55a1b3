"""The Catalog API of the stand-in store: rules and routes, one file per thing that is written."""

from app.sandbox.catalog import (
    attachments,
    complements,
    fields,
    goods,
    kits,
    listing,
    services,
    similar_categories,
    specified,
)

ROUTES = [
    *goods.ROUTES,
    *attachments.ROUTES,
    *fields.ROUTES,
    *specified.ROUTES,
    *complements.ROUTES,
    *kits.ROUTES,
    *listing.ROUTES,
    *services.ROUTES,
    *similar_categories.ROUTES,
]
