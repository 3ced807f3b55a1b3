"""The configuration: a TOML file, overridden by environment, secrets only by reference."""

from app.config.orders import OrderSettings
from app.config.reading import load, parse
from app.config.secret import SecretRef
from app.config.settings import (
    ConnectionSettings,
    DeliverySettings,
    ErpSettings,
    RetentionSettings,
    Settings,
)
from app.config.vtex import QuotaSettings, VtexSettings

__all__ = [
    "ConnectionSettings",
    "DeliverySettings",
    "ErpSettings",
    "OrderSettings",
    "QuotaSettings",
    "RetentionSettings",
    "SecretRef",
    "Settings",
    "VtexSettings",
    "load",
    "parse",
]
