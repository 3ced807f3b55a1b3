"""One connection's VTEX store: everything that VTEX can do for it."""

from dataclasses import dataclass

from app.config import VtexSettings
from app.http.door import Sender
from app.vtex.catalog import Catalog
from app.vtex.catalog.rest.goods import RestCatalog
from app.vtex.catalog.rest.specification_fields import SpecificationFields
from app.vtex.catalog.rest.specifications import RestSpecifications
from app.vtex.catalog.rest.taxonomy import rest_brands, rest_categories
from app.vtex.catalog.specifications import Specifications
from app.vtex.catalog.taxonomy import Taxonomy
from app.vtex.catalog.webservice.goods import WebserviceCatalog
from app.vtex.catalog.webservice.specifications import WebserviceSpecifications
from app.vtex.catalog.webservice.taxonomy import BRAND, CATEGORY, WebserviceTaxonomy
from app.vtex.logistics import Logistics
from app.vtex.orders import Orders
from app.vtex.payments import Payments
from app.vtex.pricing import Pricing
from app.vtex.rest import Rest
from app.vtex.soap import Webservice


@dataclass(frozen=True, slots=True)
class VtexStore:
    catalog: Catalog
    brands: Taxonomy
    categories: Taxonomy
    fields: SpecificationFields
    specifications: Specifications
    pricing: Pricing
    logistics: Logistics
    orders: Orders
    payments: Payments


def open_store(door: Sender, connection: str, settings: VtexSettings) -> VtexStore:
    rest = Rest(door, connection, settings)
    others = (
        Pricing(rest, settings),
        Logistics(rest, settings),
        Orders(rest, settings),
        Payments(rest, settings),
    )
    brands, categories = rest_brands(rest, settings), rest_categories(rest, settings)
    fields = SpecificationFields(rest, settings)
    specifications = RestSpecifications(rest, settings, fields)
    if settings.catalog == "rest":
        return VtexStore(RestCatalog(rest, settings), brands, categories, fields, specifications, *others)
    webservice = Webservice(door, connection, settings)
    catalog = WebserviceCatalog(webservice)
    return VtexStore(
        catalog,
        WebserviceTaxonomy(webservice, brands, BRAND),
        WebserviceTaxonomy(webservice, categories, CATEGORY),
        fields,
        WebserviceSpecifications(webservice, catalog, specifications, fields),
        *others,
    )
