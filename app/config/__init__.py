"""The configuration: a TOML file, overridden by environment, secrets only by reference."""

from app.config.intake import IntakeSettings
from app.config.orders import OrderSettings
from app.config.reading import load, parse
from app.config.secret import SecretRef
from app.config.settings import (
    ConnectionSettings,
    DeliverySettings,
    EncryptionSettings,
    ErpSettings,
    RetentionSettings,
    Settings,
)
from app.config.vtex import QuotaSettings, VtexSettings, seller_scope

__all__ = [
    "ConnectionSettings",
    "DeliverySettings",
    "EncryptionSettings",
    "ErpSettings",
    "IntakeSettings",
    "OrderSettings",
    "QuotaSettings",
    "RetentionSettings",
    "SecretRef",
    "Settings",
    "VtexSettings",
    "load",
    "parse",
    "seller_scope",
]
