"""The configuration: a TOML file, overridden by environment, secrets only by reference."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    HttpUrl,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import ConfigurationError

ConnectionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class SecretRef:
    """Where a secret stands (`env:NAME` or `file:PATH`); read at each use, so a rotation needs no restart."""

    def __init__(self, reference: str) -> None:
        scheme, _, place = reference.partition(":")
        if scheme not in {"env", "file"} or not place:
            raise ValueError(
                "secrets stand in the environment or in a file: write env:NAME or file:/path, not the secret"
            )
        self._scheme, self._place = scheme, place

    def get(self) -> str:
        """The secret itself; LookupError or OSError where the reference leads nowhere."""
        if self._scheme == "file":
            return Path(self._place).read_text(encoding="utf-8").strip()
        return os.environ[self._place]

    def problem(self) -> str | None:
        try:
            empty = not self.get()
        except KeyError:
            return f"environment variable {self._place} is not set"
        except OSError as error:
            return f"file {self._place} cannot be read ({error.strerror})"
        return f"{self} is empty" if empty else None

    def __str__(self) -> str:
        return f"{self._scheme}:{self._place}"

    __repr__ = __str__

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _base_url(url: HttpUrl) -> str:
    return str(url).rstrip("/")


BaseUrl = Annotated[HttpUrl, AfterValidator(_base_url)]


class Defaults(_Section):
    """Where express mode puts new products (VTEX ids)."""

    category_id: int
    brand_id: int
    department_id: int | None = None


class VtexSettings(_Section):
    account: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    environment: Text = "vtexcommercestable"
    app_key: SecretRef
    app_token: SecretRef
    catalog: Literal["rest", "webservice"] = "rest"
    #: complete: the ERP owns all that it sends; express: after creation only what `express_owns` names.
    mode: Literal["complete", "express"] = "complete"
    defaults: Defaults | None = None
    #: The unit in which the ERP sends weights, and the one the store weighs in (VTEX: usually grams).
    weight_unit: Literal["g", "kg"]
    store_weight_unit: Literal["g", "kg"] = "g"
    length_unit: Literal["mm", "cm", "m"]
    store_length_unit: Literal["mm", "cm", "m"] = "cm"
    rest_url: BaseUrl | None = None
    pricing_url: BaseUrl | None = None
    payments_url: BaseUrl | None = None
    webservice_url: BaseUrl | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 10

    @model_validator(mode="after")
    def _express_needs_defaults(self) -> Self:
        if self.mode == "express" and self.defaults is None:
            raise ValueError('mode = "express" needs a [defaults] section with category_id and brand_id')
        return self

    @property
    def rest_base(self) -> str:
        return str(self.rest_url or f"https://{self.account}.{self.environment}.com.br")

    @property
    def pricing_base(self) -> str:
        return str(self.pricing_url or f"https://api.vtex.com/{self.account}")

    @property
    def webservice_address(self) -> str:
        return str(
            self.webservice_url
            or f"https://webservice-{self.account}.vtexcommerce.com.br/AdminWebService/Service.svc"
        )


class ErpSettings(_Section):
    callback_url: BaseUrl
    #: A Standard Webhooks secret (`whsec_` + base64).
    callback_secret: SecretRef
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 10


class OrderSettings(_Section):
    sources: list[Literal["feed", "list"]] = ["feed"]
    #: Replace a feed configuration that this service did not make.
    take_over: bool = False
    #: VTEX asks for 5 s at least.
    feed_poll_seconds: Annotated[float, Field(ge=0.05)] = 5
    list_poll_seconds: Annotated[float, Field(ge=0.05)] = 300
    feed_visibility_seconds: Annotated[int, Field(ge=1, le=43200)] = 240


class ConnectionSettings(_Section):
    vtex: VtexSettings
    erp: ErpSettings | None = None
    orders: OrderSettings = OrderSettings(sources=[])

    @model_validator(mode="after")
    def _orders_need_a_receiver(self) -> Self:
        if self.orders.sources and self.erp is None:
            raise ValueError(
                "orders.sources is set: an [erp] section with callback_url and callback_secret is needed"
            )
        return self


class ServerSettings(_Section):
    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    max_body_bytes: Annotated[int, Field(ge=1024)] = 5 * 1024 * 1024


class DeliverySettings(_Section):
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 16
    #: A worker that dies leaves its lane to others after this; an attempt is cut off at three quarters of it.
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 60
    retry_base_seconds: Annotated[float, Field(gt=0)] = 1
    retry_cap_seconds: Annotated[float, Field(gt=0)] = 60
    #: Transient failures end by time; orders never expire.
    give_up_hours: Annotated[float, Field(gt=0)] = 168
    waiting_check_seconds: Annotated[float, Field(gt=0)] = 300
    poll_seconds: Annotated[float, Field(gt=0)] = 0.2


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="BRIDGE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    database_url: str = "sqlite+aiosqlite:///bridge.db"
    #: Put into the address, so that the password stands in no file of ours.
    database_password: SecretRef | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    server: ServerSettings = ServerSettings()
    delivery: DeliverySettings = DeliverySettings()
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


def load(path: Path | None = None) -> Settings:
    """Read the file named by `path` or BRIDGE_CONFIG; ConfigurationError lists every mistake."""
    path = path or Path(os.environ.get("BRIDGE_CONFIG", "bridge.toml"))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            [f"{path}: no such file; copy bridge.example.toml or name another by BRIDGE_CONFIG"]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path}: cannot be read ({error})"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"{path}: not valid TOML: {error}"]) from None
    return parse(content, place=str(path))


def parse(content: Mapping[str, Any], *, place: str = "configuration") -> Settings:
    mistakes = [f"{place}: database_url: {line}" for line in _password_in(content)]
    try:
        settings = Settings(**content)
    except ValidationError as error:
        mistakes += [
            f"{place}: {'.'.join(str(part) for part in each['loc']) or '(top)'}: {_plain(each['msg'])}"
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationError(mistakes) from None
    mistakes += [f"{place}: {line}" for line in _unusable(settings)]
    if mistakes:
        raise ConfigurationError(mistakes)
    return settings


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Extra inputs are not permitted", "no such setting")


def _password_in(content: Mapping[str, Any]) -> list[str]:
    try:
        password = make_url(str(content.get("database_url", "sqlite://"))).password
    except ArgumentError:
        return []
    if not password:
        return []
    return ['holds a password; use BRIDGE_DATABASE_URL, or database_password = "file:/path"']


def _unusable(settings: Settings) -> list[str]:
    """What is well-formed and yet cannot work."""
    mistakes = []
    try:
        backend = make_url(settings.database_url).get_backend_name()
    except ArgumentError:
        backend = "?"
    if backend not in {"sqlite", "postgresql", "postgres"}:
        mistakes.append("database_url: must begin with sqlite:/// or postgresql://")
    if settings.database_password and (problem := settings.database_password.problem()):
        mistakes.append(f"database_password: {problem}")
    owners: dict[tuple[str, str], str] = {}
    for name, connection in settings.connections.items():
        problems = dict(_unresolved(connection))
        mistakes += [f"connections.{name}.{where}: {problem}" for where, problem in problems.items()]
        if "vtex.app_key" in problems:
            continue
        identity = (connection.vtex.account, connection.vtex.app_key.get())
        if other := owners.get(identity):
            mistakes.append(
                f"connections.{name}.vtex: same account and app key as connections.{other};"
                " VTEX keeps one feed per app key, so each connection needs a key of its own"
            )
        owners.setdefault(identity, name)
    return mistakes


def _unresolved(connection: ConnectionSettings) -> list[tuple[str, str]]:
    references = [("vtex.app_key", connection.vtex.app_key), ("vtex.app_token", connection.vtex.app_token)]
    if connection.erp:
        references.append(("erp.callback_secret", connection.erp.callback_secret))
    return [(where, problem) for where, reference in references if (problem := reference.problem())]
