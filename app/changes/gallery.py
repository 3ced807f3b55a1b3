"""Bringing the images of a SKU to their state: which are the ERP's, which VTEX lacks, which are twice there.

VTEX does not say where an image came from, so what was uploaded last is remembered by its digest.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta

from app.bindings import Creation
from app.changes.kind import Shop
from app.errors import DeliveryError, Refused, Retry, Waiting
from app.vtex.catalog import Record
from app.vtex.catalog.images import ImageFile

KIND = "image"
#: Bindings from what was uploaded, by its digest, to the file that holds it.
SOURCE = "image-source"


@dataclass(frozen=True, slots=True)
class Wanted:
    record: Record

    @property
    def name(self) -> str:
        return str(self.record["Name"])

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.record, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class Gallery:
    """One SKU's images during one attempt."""

    shop: Shop
    sku: str
    sku_id: int
    files: list[ImageFile] = field(default_factory=list)
    #: The ERP's code of each file that is the ERP's.
    ours: dict[int, str] = field(default_factory=dict)
    #: Uploads of which no answer is known, by their codes.
    begun: dict[str, Creation] = field(default_factory=dict)

    async def match(self, wanted: list[Wanted]) -> None:
        """The ERP's images and no others of the ERP's, in their order."""
        await self._look()
        missing = []
        for image in wanted:
            file = await self._found(image)
            if file is None:
                missing.append(image)
            elif not await self._is_there(image, file):
                await self._replace(image, file)
        await self._create(missing, wanted)
        await self._remove_all_but({self._code(image.name) for image in wanted})
        await self._arrange(wanted)

    async def add(self, wanted: list[Wanted]) -> None:
        """Those that never were in VTEX; one that the store's team took away stays away."""
        await self._look()
        bindings = self.shop.bindings
        missing = [
            image
            for image in wanted
            if await self._found(image) is None and await bindings.find(KIND, self._code(image.name)) is None
        ]
        await self._create(missing, missing if self.files else wanted)

    async def _look(self) -> None:
        files = await self.shop.vtex.images.listed(self.sku_id)
        if files is None:
            await self.shop.bindings.forget("sku", self.sku)
            raise Waiting(f"VTEX no longer has SKU {self.sku}; send it again", on=("sku", self.sku))
        self.files = files
        bound = await self.shop.bindings.bound(KIND, [file.id for file in self.files])
        self.ours = {file_id: code for code, file_id in bound.items()}
        begun = await self.shop.bindings.unfinished(KIND, self.sku_id)
        self.begun = {creation.code: creation for creation in begun}

    def _code(self, name: str) -> str:
        return f"{self.sku}/{name}"

    def _named(self, name: str) -> list[ImageFile]:
        """Of this name, and not known as another image of the ERP's; the oldest first."""
        code = self._code(name)
        same = [file for file in self.files if file.name == name and self.ours.get(file.id, code) == code]
        return sorted(same, key=lambda file: file.id)

    async def _found(self, image: Wanted) -> ImageFile | None:
        """By its binding, as what an upload made whose answer was lost, or by its name."""
        code = self._code(image.name)
        bound = next((file for file in self.files if self.ours.get(file.id) == code), None)
        if bound is not None:
            if code in self.begun:
                await self._keep_one(image, bound)
                await self._bind(image, bound, finish=True)
            return bound
        same = self._named(image.name)
        if not same:
            return None
        if code in self.begun:
            return await self._settle(image)
        if len(same) > 1:
            raise Refused(
                f"VTEX has {len(same)} images named {image.name} of SKU {self.sku}: remove all but one there,"
                " or send this one under another name"
            )
        await self._bind(image, same[0])
        return same[0]

    async def _create(self, missing: list[Wanted], order: list[Wanted]) -> None:
        if not missing:
            return
        behind = 0 if order is not missing else len(self.files)
        repeated = {image.name for image in missing if self._code(image.name) in self.begun}
        for image in missing:
            position = behind + order.index(image)
            await self._upload(image, {"IsMain": position == 0, "Position": position})
        await self._look()
        for image in missing:
            if not self._named(image.name):
                raise Retry(
                    f"VTEX took image {image.name} of SKU {self.sku} and does not list it; it is looked for"
                    " next time",
                    unknown_outcome=True,
                )
            await self._settle(image, finish=image.name not in repeated)

    async def _upload(self, image: Wanted, place: Record) -> None:
        """Noted before it is sent: VTEX would keep the same image twice."""
        code, bindings = self._code(image.name), self.shop.bindings
        before = self.begun.get(code)
        # Of two different uploads without an answer nobody can tell which one arrives.
        said = image.digest if before is None or before.name == image.digest else ""
        await bindings.begin(
            Creation(connection=self.shop.connection, kind=KIND, code=code, name=said, parent_id=self.sku_id)
        )
        try:
            await self._send(image, None, image.record | place)
        except DeliveryError as error:
            if before is None and not (isinstance(error, Retry) and error.unknown_outcome):
                await bindings.abandon(KIND, code)
            raise

    async def _send(self, image: Wanted, file: ImageFile | None, record: Record) -> None:
        try:
            await self.shop.vtex.images.upload(self.sku_id, file, record)
        except Retry as retry:
            if file or not retry.unknown_outcome:
                raise
            # VTEX may be fetching it still: read back too early, it would be there twice.
            patience = timedelta(seconds=2 * self.shop.settings.timeout_seconds)
            raise Retry(
                f"image {image.name}: {retry.reason}; VTEX may have it all the same, which is looked up"
                " before it is sent again",
                after=max(patience, retry.after or patience),
                unknown_outcome=True,
            ) from retry
        except Refused as refused:
            fix = "correct its url, or leave it out"
            raise Refused(f"image {image.name}: {refused.reason}; {fix}") from refused

    async def _settle(self, image: Wanted, *, finish: bool = False) -> ImageFile:
        """All of this name came of our uploads, for there was none before: one stays.

        Unless the answer is known the note stays too: what VTEX finishes later is removed next time.
        """
        begun = self.begun[self._code(image.name)]
        kept = self._named(image.name)[0]
        await self._keep_one(image, kept)
        await self._bind(image, kept, finish=finish)
        if begun.name == image.digest:
            await self._remember(image, kept)
        return kept

    async def _keep_one(self, image: Wanted, kept: ImageFile) -> None:
        for file in self._named(image.name):
            if file.id != kept.id:
                await self._take_away(file)

    async def _bind(self, image: Wanted, file: ImageFile, *, finish: bool = False) -> None:
        code, bindings = self._code(image.name), self.shop.bindings
        await (bindings.finish if finish else bindings.bind)(KIND, code, file.id)
        self.ours[file.id] = code

    async def _is_there(self, image: Wanted, file: ImageFile) -> bool:
        sources = await self.shop.bindings.codes(SOURCE, [file.id])
        return sources == [self._source(image)] and file.name == image.name

    async def _replace(self, image: Wanted, file: ImageFile) -> None:
        # Until it is acknowledged nobody knows which of the two is there.
        await self._forget_source(file)
        await self._send(image, file, image.record)
        await self._remember(image, file)

    def _source(self, image: Wanted) -> str:
        return f"{self._code(image.name)}/{image.digest}"

    async def _remember(self, image: Wanted, file: ImageFile) -> None:
        await self._forget_source(file)
        await self.shop.bindings.bind(SOURCE, self._source(image), file.id)

    async def _forget_source(self, file: ImageFile) -> None:
        for source in await self.shop.bindings.codes(SOURCE, [file.id]):
            await self.shop.bindings.forget(SOURCE, source)

    async def _remove_all_but(self, codes: set[str]) -> None:
        """Of the ERP's own, also of those whose upload had no answer."""
        for code in self.begun.keys() - codes:
            for file in self._named(code.removeprefix(f"{self.sku}/")):
                if file.id not in self.ours:
                    await self._take_away(file)
            await self.shop.bindings.abandon(KIND, code)
        for file in list(self.files):
            if file.id in self.ours and self.ours[file.id] not in codes:
                await self._take_away(file)
                await self._forget_source(file)
                await self.shop.bindings.forget(KIND, self.ours.pop(file.id))

    async def _take_away(self, file: ImageFile) -> None:
        await self.shop.vtex.images.remove(self.sku_id, file.id)
        self.files.remove(file)

    async def _arrange(self, wanted: list[Wanted]) -> None:
        """The ERP's first, then those of the store's team in their own order."""
        ids = {code: file_id for file_id, code in self.ours.items()}
        first = [ids[self._code(image.name)] for image in wanted]
        if not first:
            return
        now = [file.id for file in self.files]
        then = first + [file_id for file_id in now if file_id not in first]
        main = [file.id for file in self.files if file.is_main]
        if now != then or main != first[:1]:
            await self.shop.vtex.images.arrange(self.sku_id, then)
