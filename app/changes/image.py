"""image: the images of a SKU, each known by its name; VTEX fetches them from their addresses."""

import re
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.changes.gallery import Gallery, Wanted
from app.changes.kind import Code, Kind, Shop, StateChange, Text
from app.changes.sku import sku_id
from app.config import VtexSettings
from app.queue.folding import fold


def _fetchable(url: str) -> str:
    if not re.fullmatch(r"https?://\S+\.(jpg|png|gif)", url, re.IGNORECASE):
        raise ValueError("must start with http:// or https:// and end in .jpg, .png or .gif")
    try:
        named = urlsplit(url).hostname
    except ValueError:
        named = None
    if not named:
        raise ValueError("must name the host that serves the image")
    return url


def _no_slash(name: str) -> str:
    if "/" in name:
        raise ValueError("must not contain a slash")
    return name


Url = Annotated[Text, AfterValidator(_fetchable)]
_MOST_NAME = 100


class Image(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Url = Field(
        description="Where VTEX fetches it: http or https, ending in .jpg, .png or .gif, at most 3200 pixels"
        " wide and high. The host must serve it without asking for a User-Agent."
    )
    name: Annotated[Text, Field(min_length=1, max_length=_MOST_NAME), AfterValidator(_no_slash)] = Field(
        default="",
        description="By which it is known again, without a slash; without one, that of the file in its url.",
    )
    label: Annotated[Text, Field(max_length=250)] | None = None
    text: Annotated[Text, Field(max_length=250)] | None = None
    main: bool = Field(default=False, description="Shown first; else the first of the list is.")

    @property
    def file_name(self) -> str:
        return self.name or _name_in(self.url)


def _name_in(url: str) -> str:
    stem = unquote(urlsplit(url).path).rpartition("/")[2].rpartition(".")[0]
    return re.sub(r"[^\w.-]+", "-", stem).strip("-")[:_MOST_NAME] or "image"


def _told_apart(images: list[Image]) -> list[Image]:
    names: set[str] = set()
    for image in images:
        folded = image.file_name.casefold()
        if folded in names:
            raise ValueError(f"holds two images named {image.file_name}: give each a name of its own")
        names.add(folded)
    if sum(image.main for image in images) > 1:
        raise ValueError("holds two main images: leave main to one of them")
    return images


class ImageChange(StateChange):
    """All images of a SKU that the ERP has, in their order. Those of the store's team stay, behind them.

    An image whose url changed is fetched anew; one that is no longer named is removed.
    """

    sku: Code = Field(description="The SKU's code.", examples=["00123456"])
    images: Annotated[list[Image], Field(max_length=100), AfterValidator(_told_apart)]


_VTEX_NAMES = {"url": "Url", "label": "Label", "text": "Text"}


def mapped(change: ImageChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    """As VTEX shows them: the main one first."""
    images = sorted(change.images, key=lambda image: not image.main)
    return {"images": [_record(image) for image in images]}


def _record(image: Image) -> dict[str, Any]:
    values = image.model_dump(exclude_unset=True, include=set(_VTEX_NAMES))
    return {"Name": image.file_name, **{_VTEX_NAMES[name]: value for name, value in values.items()}}


async def deliver(change: ImageChange, shop: Shop) -> None:
    """In express mode an image is the store team's once it was there."""
    wanted = [Wanted(record) for record in mapped(change, shop.settings)["images"]]
    gallery = Gallery(shop, change.sku, await sku_id(shop, change.sku))
    if "images" in KIND.owned(change, shop.settings).model_fields_set:
        await gallery.match(wanted)
    else:
        await gallery.add(wanted)


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "sku": "00123456",
    "images": [
        {
            "url": "https://images.example.com/vaso-escuro.jpg",
            "name": "Barro Vermelho Escuro",
            "label": "Frente",
        },
        {"url": "https://images.example.com/vaso-escuro-lado.jpg"},
    ],
}

KIND: Kind[ImageChange] = Kind(
    name="image",
    example=EXAMPLE,
    change=ImageChange,
    key=lambda change: change.sku,
    # VTEX keeps them in the SKU.
    target=lambda change: f"sku:{change.sku}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
    # Once an image is there, it belongs to the store's team.
    express_owns=frozenset(),
)
