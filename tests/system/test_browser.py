"""A real browser opens the pages that we serve."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

from tests.system.running import bridge, tool

pytestmark = pytest.mark.system

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Visit:
    """What a page did while it was looked at."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._requested)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _requested(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"}:
            self.hosts.add(address.netloc)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)


@pytest.fixture(scope="module")
def bridge_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bridge(tmp_path_factory.mktemp("bridge")) as url:
        yield url


@pytest.fixture
def visit() -> Iterator[Visit]:
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=Path(tool("chromium")), args=FLAGS) as browser,
    ):
        yield Visit(browser.new_page())


def test_the_docs_list_the_operations_without_any_other_host(bridge_url: str, visit: Visit) -> None:
    visit.page.goto(f"{bridge_url}/docs")
    visit.page.wait_for_selector('.opblock-summary-path[data-path="/v1/changes/price"]')
    visit.page.wait_for_load_state("networkidle")
    assert visit.errors == []
    assert visit.hosts == {urlsplit(bridge_url).netloc}


def test_an_operation_opens_and_shows_its_fields(bridge_url: str, visit: Visit) -> None:
    visit.page.goto(f"{bridge_url}/docs")
    visit.page.click('.opblock-summary-path[data-path="/v1/changes/price"]')
    visit.page.wait_for_selector(".opblock.is-open .responses-table")
    assert visit.errors == []
