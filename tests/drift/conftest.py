"""The command beside a bridge that runs against the sandbox."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loading.conftest import Loaded
from tests.processes import toml
from tests.running import RunningSandbox, configuration


class Drift(Loaded):
    def report(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        ended = self.run("drift", "--json", *arguments)
        assert ended.stdout, ended.stderr
        return ended.returncode, json.loads(ended.stdout)


@pytest.fixture
def drift(
    migrated_sqlite_url: str, tmp_path: Path, sandbox: RunningSandbox
) -> Callable[[dict[str, Any]], Drift]:
    """The command with the connection's settings."""

    def configured(vtex: dict[str, Any]) -> Drift:
        command = Drift(tmp_path, migrated_sqlite_url)
        command.file.write_text(toml(configuration(migrated_sqlite_url, sandbox.url, vtex=vtex)))
        return command

    return configured


@pytest.fixture(params=["rest", "webservice"])
def catalog(request: pytest.FixtureRequest) -> str:
    return str(request.param)
