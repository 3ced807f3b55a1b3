"""The app key and its token, read at each use: a rotation needs no restart."""

from app.config import VtexSettings
from app.errors import Unauthorized


def app_key_and_token(settings: VtexSettings) -> tuple[str, str]:
    try:
        return settings.app_key.get(), settings.app_token.get()
    except (LookupError, OSError, ValueError) as error:
        # In the middle of a rotation the file may be away for a moment.
        raise Unauthorized(
            f"the VTEX app key or token cannot be read ({type(error).__name__}): check that"
            f" {settings.app_key} and {settings.app_token} are there"
        ) from error
