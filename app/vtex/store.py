"""One connection's VTEX store: everything that VTEX can do for it."""

from dataclasses import dataclass

from app.config import VtexSettings
from app.http.door import Door
from app.vtex.catalog import Catalog
from app.vtex.catalog.rest.fields import RestFields
from app.vtex.catalog.rest.goods import RestCatalog
from app.vtex.catalog.rest.specifications import RestSpecifications
from app.vtex.catalog.rest.taxonomy import rest_brands, rest_categories
from app.vtex.catalog.specifications import Specifications
from app.vtex.catalog.taxonomy import Taxonomy
from app.vtex.catalog.webservice.goods import WebserviceCatalog
from app.vtex.catalog.webservice.specifications import WebserviceSpecifications
from app.vtex.catalog.webservice.taxonomy import BRAND, CATEGORY, WebserviceTaxonomy
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
    fields: RestFields
    specifications: Specifications
    pricing: Pricing
    logistics: Logistics
    orders: Orders


def open_store(door: Door, connection: str, settings: VtexSettings) -> VtexStore:
    rest = Rest(door, connection, settings)
    others = Pricing(rest, settings), Logistics(rest, settings), Orders(rest, settings)
    brands, categories = rest_brands(rest, settings), rest_categories(rest, settings)
    fields, specifications = RestFields(rest, settings, categories), RestSpecifications(rest, settings)
    if settings.catalog == "rest":
        catalog = RestCatalog(rest, settings)
        return VtexStore(catalog, brands, categories, fields, specifications, *others)
    webservice = Webservice(door, connection, settings)
    soap_catalog = WebserviceCatalog(webservice)
    return VtexStore(
        soap_catalog,
        WebserviceTaxonomy(webservice, brands, BRAND),
        WebserviceTaxonomy(webservice, categories, CATEGORY),
        fields,
        WebserviceSpecifications(webservice, soap_catalog, specifications),
        *others,
    )
