"""Which kinds are about a person, and whether the keys open what is stored of them."""

from collections.abc import Collection, Iterable
from pathlib import Path

from sqlalchemy.engine import make_url

from app import logging
from app.changes import KINDS
from app.changes.outcomes import KIND as OUTCOME
from app.changes.outcomes import without_words
from app.config import Settings
from app.errors import ConfigurationError
from app.orders.impersonal import ids_and_amounts
from app.orders.telling import KIND as ORDER
from app.queue.personal import Personal
from app.queue.store import Store
from app.sealing import Seals, beside, key_at

log = logging.get(__name__)


def key_file(settings: Settings) -> Path | None:
    """On SQLite, where no key is named, it stands beside the database."""
    if settings.encryption.keys or not settings.on_sqlite:
        return None
    return beside(Path(make_url(settings.database).database or ""))


def of(settings: Settings, *, may_make: bool = True) -> Personal:
    """What happened is about an order, and an order about a person; so may be why it failed."""
    keys, file = settings.encryption.keys, key_file(settings)
    if file is not None and (may_make or file.exists()):
        keys = (key_at(file),)
    kept = {kind.name: kind.ids_and_amounts for kind in KINDS.values() if kind.fold is None}
    ours = {ORDER: ids_and_amounts, OUTCOME: without_words}
    return Personal(Seals(keys), {**kept, **ours}, told_by=OUTCOME)


async def check_keys(store: Store, connections: Iterable[str]) -> None:
    """ConfigurationError where a key is missing that sealed some of the newest content."""
    mistakes = []
    for name in connections:
        found = await store.contents.key_ids(name)
        if None in found:
            log.warning("personal_data.in_clear", connection=name, remedy="bridge seal")
        mistakes += missing_keys(store, name, found)
    if mistakes:
        raise ConfigurationError(mistakes)


def missing_keys(store: Store, connection: str, found: Collection[str | None]) -> list[str]:
    """A sentence for each that sealed some of the content and is not there."""
    present = store.personal.seals.key_ids
    return [
        f"encryption.keys: content of connection {connection} is sealed with key {key_id}, and only"
        f" {', '.join(present)} is there; put that key back, behind the one that seals"
        for key_id in sorted(each for each in found if each)
        if key_id not in present
    ]
