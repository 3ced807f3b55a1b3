"""What is stored of people: that the keys open it, and that nothing of it stands in clear."""

from functools import partial

from app import personal_data
from app.config import Settings
from app.database import Database
from app.doctor.findings import NotInOrder, Question
from app.queue.store import Store
from app.sealing import NoKey

_PLACE = "encryption.keys"


def sealed_question(settings: Settings, database: Database, name: str) -> Question:
    return Question("personal data", _PLACE, partial(_sealed, settings, database, name))


async def _sealed(settings: Settings, database: Database, name: str) -> str:
    """No key is made for the question: the one that is missing would stay unnoticed."""
    store = Store(database, personal=personal_data.of(settings, may_make=False))
    found = await store.contents.key_ids(name)
    try:
        present = store.personal.seals.key_ids
    except NoKey as error:
        raise NotInOrder(str(error), f"check {_PLACE}") from error
    if not present and not any(found):
        return "there is no key yet; the bridge makes it at its first start"
    if not present:
        missing = ", ".join(sorted(each for each in found if each))
        said = f"what is stored of people is sealed with key {missing}, which is not there"
        raise NotInOrder(said, f"put {personal_data.key_file(settings)} back")
    mistakes = personal_data.missing_keys(store, name, found)
    if mistakes:
        _, _, said = mistakes[0].partition(": ")
        said, _, remedy = said.partition("; ")
        raise NotInOrder(said, remedy)
    if None in found:
        raise NotInOrder("some of what is stored of people stands in clear", "run `bridge seal`")
    return f"sealed by key {present[0]}"
