"""One connection's VTEX store: everything that VTEX can do for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.config import VtexSettings, seller_scope
from app.http.door import Sender
from app.vtex.catalog import Catalog
from app.vtex.catalog.complements import Complements
from app.vtex.catalog.images import Images
from app.vtex.catalog.kits import Kits
from app.vtex.catalog.rest.complements import RestComplements
from app.vtex.catalog.rest.fields import RestFields
from app.vtex.catalog.rest.goods import RestCatalog
from app.vtex.catalog.rest.images import RestImages
from app.vtex.catalog.rest.kits import RestKits
from app.vtex.catalog.rest.services import rest_services
from app.vtex.catalog.rest.similar_categories import RestSimilarCategories
from app.vtex.catalog.rest.specifications import RestSpecifications
from app.vtex.catalog.rest.taxonomy import rest_brands, rest_categories
from app.vtex.catalog.services import Services
from app.vtex.catalog.specifications import Specifications
from app.vtex.catalog.taxonomy import Taxonomy
from app.vtex.catalog.webservice.complements import WebserviceComplements
from app.vtex.catalog.webservice.goods import WebserviceCatalog
from app.vtex.catalog.webservice.images import WebserviceImages
from app.vtex.catalog.webservice.kits import WebserviceKits
from app.vtex.catalog.webservice.services import webservice_services
from app.vtex.catalog.webservice.specifications import WebserviceSpecifications
from app.vtex.catalog.webservice.taxonomy import BRAND, CATEGORY, WebserviceTaxonomy
from app.vtex.listing import SkuListing
from app.vtex.logistics import Logistics
from app.vtex.order_changes import OrderChanges
from app.vtex.orders import Orders
from app.vtex.payments import Payments
from app.vtex.pricing import Pricing
from app.vtex.rest import Rest
from app.vtex.soap import Webservice
from app.vtex.trade_policies import TradePolicies


@dataclass(frozen=True, slots=True, kw_only=True)
class VtexStore:
    catalog: Catalog
    brands: Taxonomy
    categories: Taxonomy
    images: Images
    fields: RestFields
    specifications: Specifications
    complements: Complements
    kits: Kits
    services: Services
    pricing: Pricing
    logistics: Logistics
    orders: Orders
    order_changes: OrderChanges
    #: Of the accounts that fulfil a part of the orders, by seller.
    sellers: Mapping[str, Orders]
    payments: Payments
    skus: SkuListing
    trade_policies: TradePolicies


def open_store(door: Sender, connection: str, settings: VtexSettings) -> VtexStore:
    """What the webservice lacks, REST does in both modes."""
    rest = Rest(door, connection, settings)
    brands, categories = rest_brands(rest, settings), rest_categories(rest, settings)
    images, specifications = RestImages(rest, settings), RestSpecifications(rest, settings)
    complements, kits = RestComplements(rest, settings), RestKits(rest, settings)
    services = rest_services(rest, settings)
    store = VtexStore(
        catalog=RestCatalog(rest, settings),
        brands=brands,
        categories=categories,
        images=images,
        fields=RestFields(rest, settings, categories),
        specifications=specifications,
        complements=complements,
        kits=kits,
        services=services,
        pricing=Pricing(rest, settings),
        logistics=Logistics(rest, settings),
        orders=Orders(rest, settings),
        order_changes=OrderChanges(rest, settings),
        sellers=_sellers(door, connection, settings),
        payments=Payments(rest, settings),
        skus=SkuListing(rest, settings),
        trade_policies=TradePolicies(rest, settings),
    )
    if settings.catalog == "rest":
        return store
    webservice = Webservice(door, connection, settings)
    catalog = WebserviceCatalog(webservice, RestSimilarCategories(rest, settings))
    return replace(
        store,
        catalog=catalog,
        brands=WebserviceTaxonomy(webservice, brands, BRAND),
        categories=WebserviceTaxonomy(webservice, categories, CATEGORY),
        images=WebserviceImages(webservice, images),
        specifications=WebserviceSpecifications(webservice, catalog, specifications),
        complements=WebserviceComplements(webservice, complements),
        kits=WebserviceKits(webservice, kits),
        services=webservice_services(webservice, services),
    )


def _sellers(door: Sender, connection: str, settings: VtexSettings) -> dict[str, Orders]:
    """Budgets and pauses of their own: a seller's refused keys must not hold up the store's own orders."""
    accounts = {seller: settings.of_seller(seller) for seller in settings.sellers}
    return {
        seller: Orders(
            Rest(door, seller_scope(connection, seller), account, f"vtex.sellers.{seller}"), account
        )
        for seller, account in accounts.items()
    }
