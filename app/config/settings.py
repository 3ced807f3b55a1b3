"""What can be set, with its limits and defaults."""

import ipaddress
from contextlib import suppress
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    IPvAnyNetwork,
    StringConstraints,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.config.intake import IntakeSettings
from app.config.networks import LOOPBACK, IPNetwork, is_loopback, literal, never, refusal
from app.config.orders import OrderSettings
from app.config.secret import SecretRef
from app.config.tls import FileRef, TlsFiles
from app.config.vtex import BaseUrl, QuotaSettings, Section, Text, VtexSettings

ConnectionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class ErpSettings(Section):
    callback_url: BaseUrl
    #: A Standard Webhooks secret (`whsec_` + base64).
    callback_secret: SecretRef
    #: While a secret is rotated: callbacks are signed by both, so that the ERP may know either.
    callback_secret_previous: SecretRef | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 10
    #: How many callbacks it can take; without one it adapts to the ERP's 429s.
    budget: QuotaSettings | None = None
    #: How many at the same time, from all dispatchers together; without it, `delivery.concurrency` of each.
    max_concurrent: Annotated[int, Field(ge=1, le=1000)] | None = None

    #: Private networks in which its address may lie: without one it has to be public, or this machine's.
    allow_networks: tuple[IPvAnyNetwork, ...] = ()
    #: The authorities that it is known by, instead of the system's.
    ca_file: FileRef | None = None
    #: Mutual TLS: what we show to it.
    client_certificate: FileRef | None = None
    client_key: FileRef | None = None

    #: Tell VTEX's own order too, beside our document.
    include_vtex_order: bool = False
    #: Read each payment's details from VTEX's payments API (resource View Payment Data), a call for each.
    include_payments: bool = False
    #: Tell by callback, too, how each of its changes ended.
    report_outcomes: bool = False

    @property
    def callback_secrets(self) -> dict[str, SecretRef]:
        """By setting, the present one first."""
        present, previous = {"callback_secret": self.callback_secret}, self.callback_secret_previous
        return present | ({"callback_secret_previous": previous} if previous else {})

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("client_certificate and client_key: each needs the other")
        return self

    @model_validator(mode="after")
    def _networks_may_be_allowed(self) -> Self:
        for network in self.allow_networks:
            if what := never(network):
                raise ValueError(f"allow_networks: {network} is {what}: that is never connected to")
        return self

    @model_validator(mode="after")
    def _address_may_be_called(self) -> Self:
        """What is a name in it is looked up, and checked, at each connection."""
        address = literal(urlsplit(str(self.callback_url)).hostname or "")
        if address is not None and (what := refusal(address, self.networks)):
            fix = "" if refusal(address, None) else f': name its network, allow_networks = ["{address}"]'
            raise ValueError(f"callback_url: {address} is {what}{fix}")
        return self

    @property
    def networks(self) -> tuple[IPNetwork, ...]:
        """This machine is allowed where callback_url names it."""
        named = is_loopback(urlsplit(str(self.callback_url)).hostname or "")
        return (*self.allow_networks, *(LOOPBACK if named else ()))

    @property
    def tls(self) -> TlsFiles:
        files = (self.ca_file, self.client_certificate, self.client_key)
        return TlsFiles(*(each.path if each else None for each in files))


class ConnectionSettings(Section):
    vtex: VtexSettings
    erp: ErpSettings | None = None
    orders: OrderSettings = OrderSettings()
    intake: IntakeSettings = IntakeSettings()

    @model_validator(mode="after")
    def _orders_need_a_receiver(self) -> Self:
        if self.erp is None and "orders" in self.model_fields_set and self.orders.sources:
            raise ValueError(
                "orders has sources: an [erp] section with callback_url and callback_secret is needed"
            )
        return self

    @model_validator(mode="after")
    def _open_orders_are_known_by_reading_them(self) -> Self:
        if self.vtex.stock_policy == "subtract_open_orders" and not self.order_sources:
            raise ValueError(
                'vtex.stock_policy = "subtract_open_orders" needs the orders: an [erp] section, and order'
                " sources"
            )
        return self

    @property
    def order_sources(self) -> frozenset[str]:
        """Without an ERP to tell there is nothing to fetch."""
        return frozenset(self.orders.sources if self.erp else ())


def _network(written: str) -> str:
    try:
        ipaddress.ip_network(written)
    except ValueError:
        raise ValueError("must be an address or a network, such as 10.0.0.7 or 10.0.0.0/8") from None
    return written


class ServerSettings(Section):
    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    max_body_bytes: Annotated[int, Field(ge=1024)] = 5 * 1024 * 1024
    #: Whose X-Forwarded-For is believed: the ingress. Without it the address is that of the connection.
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    #: From one address; then it is answered 429 for the rest of the minute.
    failed_authentications_per_minute: Annotated[int, Field(ge=1)] = 20


class DeliverySettings(Section):
    #: Attempts in flight for each connection, in each process that dispatches.
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 16
    #: A worker that dies leaves its lanes to others after this; while it lives, it renews its leases.
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 30
    #: An attempt is cut off after this; each request in it has a shorter limit of its own.
    attempt_seconds: Annotated[float, Field(ge=1, le=3600)] = 300
    #: An event during which so many workers died in a row fails.
    poison_after: Annotated[int, Field(ge=1, le=100)] = 5
    retry_base_seconds: Annotated[float, Field(gt=0)] = 1
    retry_cap_seconds: Annotated[float, Field(gt=0)] = 60
    #: Transient failures end by time; orders never expire.
    give_up_hours: Annotated[float, Field(gt=0)] = 168
    waiting_check_seconds: Annotated[float, Field(gt=0)] = 300
    #: So long it is believed that VTEX lacks a SKU or product, before it is looked for again.
    absence_seconds: Annotated[float, Field(ge=0)] = 60
    #: An API that fails so often in a row rests for base, 2 · base, … seconds, up to cap.
    breaker_failures: Annotated[int, Field(ge=1)] = 5
    breaker_base_seconds: Annotated[float, Field(gt=0)] = 5
    breaker_cap_seconds: Annotated[float, Field(gt=0)] = 60
    #: The net under all wake-ups; unless set, 5 on PostgreSQL and 1 on SQLite.
    poll_seconds: Annotated[float, Field(gt=0)] | None = None


class EncryptionSettings(Section):
    """How personal data is sealed at rest."""

    #: The first key seals, all open. On SQLite one is made beside the database where none is named.
    keys: tuple[SecretRef, ...] = ()


class RetentionSettings(Section):
    """How long what has ended is kept; what is wanted of an entity is kept for ever."""

    #: Changes that say how an entity should look.
    state_days: Annotated[float, Field(gt=0, le=36500)] = 30
    #: Changes that say what happened, and what the ERP was told of orders.
    fact_days: Annotated[float, Field(gt=0, le=36500)] = 365
    #: Of what happened, and of orders, all but ids and amounts: it is about a person.
    personal_days: Annotated[float, Field(gt=0, le=36500)] = 90
    #: From the end of one pass to the next.
    pass_seconds: Annotated[float, Field(gt=0, le=86400 * 7)] = 3600


def _known_database(url: str) -> str:
    backend = ""
    with suppress(ArgumentError):
        backend = make_url(url).get_backend_name()
    if backend not in {"sqlite", "postgresql", "postgres"}:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return url


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="BRIDGE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    database_url: Annotated[str, AfterValidator(_known_database)] = "sqlite+aiosqlite:///bridge.db"
    #: Put into the address, so that the password stands in no file of ours.
    database_password: SecretRef | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    server: ServerSettings = ServerSettings()
    delivery: DeliverySettings = DeliverySettings()
    retention: RetentionSettings = RetentionSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    connections: dict[ConnectionName, ConnectionSettings] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return EnvSettingsSource(settings_cls), init_settings

    @property
    def database(self) -> str:
        """The address for SQLAlchemy's async drivers, with its password."""
        url = make_url(self.database_url)
        if url.drivername in {"postgresql", "postgres"}:
            url = url.set(drivername="postgresql+asyncpg")
        elif url.drivername == "sqlite":
            url = url.set(drivername="sqlite+aiosqlite")
        if self.database_password is not None:
            url = url.set(password=self.database_password.get())
        return url.render_as_string(hide_password=False)

    @property
    def on_sqlite(self) -> bool:
        return make_url(self.database_url).get_backend_name() == "sqlite"
