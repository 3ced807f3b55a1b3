"""VTEX's order hook: registered like the feed, and what it tells is a hint like the feed's."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any

from app import logging
from app.config import OrderSettings
from app.config.secret import SecretRef
from app.errors import Refused
from app.orders.feed import Whose, feed_filter
from app.orders.hints import Hint, Hints
from app.vtex.orders import Orders

log = logging.get(__name__)

#: VTEX's schema demands a header of this name; ours carries the secret.
SECRET_HEADER = "key"  # nosec B105  # noqa: S105  its name


class HookReceivers:
    """The connections that VTEX may notify, each by its secret."""

    def __init__(self, receivers: Mapping[str, tuple[SecretRef, Hints]]) -> None:
        self._receivers = receivers
        #: Digests of secrets that were right once.
        self._seen: set[bytes] = set()

    def has_seen(self, secret: str) -> bool:
        """It is no guess."""
        return _digest(secret) in self._seen

    def connection_of(self, secret: str) -> str | None:
        """All are compared, so that the time tells nothing; a secret that is gone hides no other."""
        found = None
        for connection, (reference, _) in self._receivers.items():
            try:
                known = reference.get()
            except (LookupError, OSError) as error:
                log.error("hook.secret_missing", connection=connection, error=type(error).__name__)
                continue
            if hmac.compare_digest(known.encode(), secret.encode("utf-8", "replace")) and known:
                found = connection
                self._seen.add(_digest(secret))
        return found

    async def take(self, connection: str, hint: Hint) -> None:
        """Return after the commit."""
        await self._receivers[connection][1].put([hint])


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def hook_address(present: Mapping[str, Any] | None) -> str | None:
    return ((present or {}).get("hook") or {}).get("url")


def whose_hook(
    present: Mapping[str, Any] | None, settings: OrderSettings, statuses: Collection[str]
) -> Whose:
    if present is None or not hook_address(present):
        return Whose.NOBODYS
    if hook_address(present) != settings.hook_url:
        return Whose.FOREIGN
    wanted = {SECRET_HEADER: settings.hook_secret.get()} if settings.hook_secret else None
    told = set(feed_filter(present).get("status") or []) == set(statuses)
    return Whose.OURS if told and present["hook"].get("headers") == wanted else Whose.OURS_BUT_OTHER


async def ensure_hook(orders: Orders, settings: OrderSettings, statuses: frozenset[str]) -> None:
    """Make the hook of this app key ours; Refused for one that somebody else configured.

    VTEX removes a hook after three days without notifications, so this is asked again and again.
    """
    if settings.hook_url is None or settings.hook_secret is None:
        return
    wanted = {SECRET_HEADER: settings.hook_secret.get()}
    present = await orders.hook_configuration()
    whose = whose_hook(present, settings, statuses)
    if whose is Whose.OURS:
        return
    if whose is Whose.FOREIGN and not settings.take_over:
        raise Refused(
            f"this app key has a hook that we did not configure, to {hook_address(present)}; use an app key"
            " of the bridge's own, or set orders.take_over = true"
        )
    await orders.configure_hook(sorted(statuses), url=str(settings.hook_url), headers=wanted)
    log.info("hook.configured", url=settings.hook_url)
