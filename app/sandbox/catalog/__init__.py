"""The Catalog API of the stand-in store: rules and routes, one file per thing that is written."""

from app.sandbox.catalog import attachments, goods, listing

ROUTES = [*goods.ROUTES, *attachments.ROUTES, *listing.ROUTES]
