"""One connection's VTEX store: everything that VTEX can do for it."""

from dataclasses import dataclass

from app.config import VtexSettings
from app.http.door import Door
from app.vtex.catalog import Catalog
from app.vtex.catalog.complements import Complements
from app.vtex.catalog.kits import Kits
from app.vtex.catalog.rest.complements import RestComplements
from app.vtex.catalog.rest.goods import RestCatalog
from app.vtex.catalog.rest.kits import RestKits
from app.vtex.catalog.rest.services import rest_services
from app.vtex.catalog.rest.similar_categories import RestSimilarCategories
from app.vtex.catalog.rest.taxonomy import rest_brands, rest_categories
from app.vtex.catalog.services import Services
from app.vtex.catalog.taxonomy import Taxonomy
from app.vtex.catalog.webservice.complements import WebserviceComplements
from app.vtex.catalog.webservice.goods import WebserviceCatalog
from app.vtex.catalog.webservice.kits import WebserviceKits
from app.vtex.catalog.webservice.services import webservice_services
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
    complements: Complements
    kits: Kits
    services: Services
    pricing: Pricing
    logistics: Logistics
    orders: Orders


def open_store(door: Door, connection: str, settings: VtexSettings) -> VtexStore:
    rest = Rest(door, connection, settings)
    others = Pricing(rest, settings), Logistics(rest, settings), Orders(rest, settings)
    brands, categories = rest_brands(rest, settings), rest_categories(rest, settings)
    complements, kits = RestComplements(rest, settings), RestKits(rest, settings)
    services = rest_services(rest, settings)
    if settings.catalog == "rest":
        return VtexStore(
            RestCatalog(rest, settings), brands, categories, complements, kits, services, *others
        )
    webservice = Webservice(door, connection, settings)
    return VtexStore(
        WebserviceCatalog(webservice, RestSimilarCategories(rest, settings)),
        WebserviceTaxonomy(webservice, brands, BRAND),
        WebserviceTaxonomy(webservice, categories, CATEGORY),
        WebserviceComplements(webservice, complements),
        WebserviceKits(webservice, kits),
        webservice_services(webservice, services),
        *others,
    )
