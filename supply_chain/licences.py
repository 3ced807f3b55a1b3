"""docs/licences.md from requirements.lock and what the packages themselves declare: `make licences`."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?: ; (?P<marker>.*?))? \\$", re.MULTILINE)
#: As packages wrote them before there were licence expressions (SPDX).
_MEANT = {
    "Apache 2.0": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
}
#: Not installed where this list is made; what their projects declare.
_ELSEWHERE = {"colorama": "BSD-3-Clause", "httpx2-jsfetch": "BSD-3-Clause"}
_LONGEST = 60
_HEAD = """\
# Licences

What the image and `pip install` bring, as pinned in `requirements.lock`; made by `make licences`,
checked by `tests/test_supply_chain.py`. The bridge itself is under Apache-2.0 (`LICENSE`).

In our own tree: swagger-ui (Apache-2.0) with the libraries inside it, in `app/api/static` with their notices.

| package | version | licence | where |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    #: On which machines; empty: on all.
    marker: str

    @property
    def licence(self) -> str:
        """ValueError where none can be told."""
        try:
            said = metadata(self.name).json
        except PackageNotFoundError:
            return _ELSEWHERE[self.name]
        if said["version"] != self.version:
            raise ValueError(f"{self.name} {said['Version']} is installed, and {self.version} locked")
        for text in (said.get("license_expression"), said.get("license"), *said.get("classifier", [])):
            # Some put the whole text there.
            if isinstance(text, str) and len(text) <= _LONGEST and (text in _MEANT or "::" not in text):
                return _MEANT.get(text, text)
        raise ValueError(f"{self.name} declares no licence that can be read")


def locked(lock: Path = ROOT / "requirements.lock") -> list[Package]:
    found = _PINNED.finditer(lock.read_text(encoding="utf-8"))
    return [Package(each["name"], each["version"], each["marker"] or "") for each in found]


def page() -> str:
    rows = [
        f"| {each.name} | {each.version} | {each.licence} | {each.marker or 'everywhere'} |\n"
        for each in locked()
    ]
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    (ROOT / "docs/licences.md").write_text(page(), encoding="utf-8")
