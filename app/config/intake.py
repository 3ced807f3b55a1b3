"""What can be set of how an ERP proves who it is when it sends changes."""

from typing import Literal, Self

from pydantic import model_validator

from app.config.secret import SecretRef
from app.config.vtex import Section


class IntakeSettings(Section):
    #: What each change must come with: the key, a Standard Webhooks signature, or both.
    require: Literal["key", "signature", "both"] = "key"
    #: A Standard Webhooks secret (`whsec_` + base64), shared with the ERP.
    signature_secret: SecretRef | None = None
    #: While a secret is rotated: a signature by either is good.
    signature_secret_previous: SecretRef | None = None

    @model_validator(mode="after")
    def _signatures_need_a_secret(self) -> Self:
        if self.require != "key" and self.signature_secret is None:
            raise ValueError(f'require = "{self.require}" needs signature_secret')
        if self.signature_secret_previous is not None and self.signature_secret is None:
            raise ValueError("signature_secret_previous needs signature_secret, the one that is to stay")
        return self

    @property
    def is_signed(self) -> bool:
        return self.require != "key"

    @property
    def signature_secrets(self) -> dict[str, SecretRef]:
        """By setting, the present one first."""
        named = {
            "signature_secret": self.signature_secret,
            "signature_secret_previous": self.signature_secret_previous,
        }
        return {name: reference for name, reference in named.items() if reference is not None}
