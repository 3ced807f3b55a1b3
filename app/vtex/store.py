"""One connection's VTEX store: everything that VTEX can do for it."""

from dataclasses import dataclass

from app.config import VtexSettings
from app.http.door import Door
from app.vtex.catalog import Catalog
from app.vtex.catalog.rest.goods import RestCatalog
from app.vtex.catalog.rest.taxonomy import rest_brands, rest_categories
from app.vtex.catalog.taxonomy import Taxonomy
from app.vtex.catalog.webservice.goods import WebserviceCatalog
from app.vtex.catalog.webservice.taxonomy import BRAND, CATEGORY, WebserviceTaxonomy
from app.vtex.listing import SkuListing
from app.vtex.logistics import Logistics
from app.vtex.orders import Orders
from app.vtex.pricing import Pricing
from app.vtex.rest import Rest
from app.vtex.soap import Webservice


@dataclass(frozen=True, slots=True)
class VtexStore:
    catalog: Catalog
    brands: Taxonomy
    categories: Taxonomy
    pricing: Pricing
    logistics: Logistics
    orders: Orders
    skus: SkuListing


def open_store(door: Door, connection: str, settings: VtexSettings) -> VtexStore:
    rest = Rest(door, connection, settings)
    others = (
        Pricing(rest, settings),
        Logistics(rest, settings),
        Orders(rest, settings),
        SkuListing(rest, settings),
    )
    brands, categories = rest_brands(rest, settings), rest_categories(rest, settings)
    if settings.catalog == "rest":
        return VtexStore(RestCatalog(rest, settings), brands, categories, *others)
    webservice = Webservice(door, connection, settings)
    return VtexStore(
        WebserviceCatalog(webservice),
        WebserviceTaxonomy(webservice, brands, BRAND),
        WebserviceTaxonomy(webservice, categories, CATEGORY),
        *others,
    )
