"""Which kinds are about a person, and whether the keys open what is stored of them."""

from collections.abc import Iterable
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
from app.sealing import Seals, key_beside

log = logging.get(__name__)


def of(settings: Settings) -> Personal:
    """What happened is about an order, and an order about a person; so may be why it failed."""
    keys = settings.encryption.keys
    if not keys and settings.on_sqlite:
        keys = (key_beside(Path(make_url(settings.database).database or "")),)
    kept = {kind.name: kind.ids_and_amounts for kind in KINDS.values() if kind.fold is None}
    ours = {ORDER: ids_and_amounts, OUTCOME: without_words}
    return Personal(Seals(keys), {**kept, **ours}, told_by=OUTCOME)


async def check_keys(store: Store, connections: Iterable[str]) -> None:
    """ConfigurationError where a key is missing that sealed some of the newest content."""
    mistakes, present = [], store.personal.seals.key_ids
    for name in connections:
        found = await store.contents.key_ids(name)
        if None in found:
            log.warning("personal_data.in_clear", connection=name, remedy="bridge seal")
        mistakes += [
            f"encryption.keys: content of connection {name} is sealed with key {key_id}, and only"
            f" {', '.join(present)} is there; put that key back, behind the one that seals"
            for key_id in sorted(each for each in found if each)
            if key_id not in present
        ]
    if mistakes:
        raise ConfigurationError(mistakes)
