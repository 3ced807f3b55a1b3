"""What we are made of: locked with hashes, licences listed, in an image that needs no shell."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from supply_chain import licences

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
CYCLONEDX = ROOT / ".tools/security/bin/cyclonedx-py"
#: They ask for their notices, and certifi's for its own changed files; none asks for ours.
ACCEPTED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_locked_with_its_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=\S)", text)
    packages = [each for each in requirements if not each.startswith("#")]
    assert len(packages) > 20
    assert [each for each in packages if "==" not in each or "--hash=sha256:" not in each] == []
    assert "://" not in text


def test_what_is_installed_in_the_image_are_wheels_with_the_hashes_of_the_lock() -> None:
    assert "--require-hashes --only-binary :all: -r requirements.lock" in dockerfile()


def test_the_list_of_licences_is_of_what_is_locked() -> None:
    fix = "docs/licences.md is not of today's requirements.lock: run `make licences`"
    assert (ROOT / "docs/licences.md").read_text(encoding="utf-8") == licences.page(), fix


def test_each_licence_is_one_that_we_accept() -> None:
    said = {each.name: set(re.split(" AND | OR ", each.licence)) for each in licences.locked()}
    assert len(said) > 50
    assert {name: names - ACCEPTED for name, names in said.items() if not names <= ACCEPTED} == {}


def test_the_sbom_has_each_locked_package_with_its_hashes(tmp_path: Path) -> None:
    if not CYCLONEDX.exists():
        pytest.skip("cyclonedx-py is not installed: `make sbom` installs it, and then this is checked")
    file = tmp_path / "sbom.json"
    options = ["--pyproject", "pyproject.toml", "--sv", "1.6", "--validate", "-o", str(file)]
    subprocess.run(
        [CYCLONEDX, "requirements", "requirements.lock", *options], cwd=ROOT, check=True, capture_output=True
    )
    bom: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert bom["metadata"]["component"]["name"] == "erp-vtex-bridge"
    listed = {(each["name"].lower(), each["version"]) for each in bom["components"]}
    assert listed == {(each.name, each.version) for each in licences.locked()}
    assert all(each["externalReferences"][0]["hashes"] for each in bom["components"])


def dockerfile() -> str:
    return re.sub(r" \\\n\s*", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))


@pytest.fixture
def last_stage() -> dict[str, list[str]]:
    """Its instructions, by name."""
    found: dict[str, list[str]] = {}
    for line in dockerfile().rpartition("\nFROM ")[2].splitlines():
        name, _, rest = line.partition(" ")
        found.setdefault(name, []).append(rest)
    return found


def test_the_base_of_the_image_has_a_version_for_its_tag() -> None:
    """checkov does not see it: the tag stands in an argument."""
    [base] = re.findall(r"^ARG BASE_IMAGE=(\S+)$", dockerfile(), re.MULTILINE)
    assert re.search(r":3\.\d+-", base)


def test_the_image_runs_as_a_number_that_is_not_root(last_stage: dict[str, list[str]]) -> None:
    assert last_stage["USER"] == ["10001:10001"]


def test_nothing_in_the_image_is_run_by_a_shell(last_stage: dict[str, list[str]]) -> None:
    assert "RUN" not in last_stage
    assert "SHELL" not in last_stage
    for name in ("ENTRYPOINT", "CMD"):
        [words] = last_stage[name]
        assert json.loads(words)
    [check] = last_stage["HEALTHCHECK"]
    assert json.loads(check.partition(" CMD ")[2])


def test_no_secret_is_built_into_the_image(last_stage: dict[str, list[str]]) -> None:
    """Nor anything else of this folder: .dockerignore lets in what it names."""
    assert not re.search(r"secret|token|password", " ".join(last_stage["ENV"]), re.IGNORECASE)
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert let_in == ["requirements.lock", "app", "migrations"]
