"""The image starts as Kubernetes would start it: read-only, without privileges, in little memory."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.system.image import IMAGE, build, inspect, logs, podman
from tests.system.running import CONFIG, SECRETS, answers, free_port, until

pytestmark = pytest.mark.system

NAME = f"erp-vtex-bridge-test-{os.getpid()}"
CONFINED = [
    "--network=host",
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp:size=64m",
    "--user=10001:10001",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--memory=256m",
    "--ulimit=nofile=4096:4096",
    "--ulimit=nproc=4096:4096",
]


def said() -> str:
    return f"the container answers:\n{logs(NAME)}"


@pytest.fixture(scope="module")
def image() -> str:
    build()
    return IMAGE


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Config, secrets and an empty volume, all made for this test."""
    directory = tmp_path_factory.mktemp("image")
    config, data = directory / "bridge.toml", directory / "data"
    config.write_text(CONFIG.format(database=Path("/data/bridge.db")))
    config.chmod(0o644)
    data.mkdir()
    os.chown(data, 10001, 10001)
    secrets = [f"--env={name}={value}" for name, value in SECRETS.items()]
    mounts = [f"--volume={config}:/etc/erp-vtex-bridge/bridge.toml:ro", f"--volume={data}:/data"]
    return [*CONFINED, *mounts, *secrets, f"--env=BRIDGE_SERVER__PORT={free_port()}"]


@pytest.fixture(scope="module")
def url(image: str, options: list[str]) -> Iterator[str]:
    podman("run", "--rm", *options, image, "migrate")
    address = f"http://127.0.0.1:{options[-1].rpartition('=')[2]}"
    try:
        podman("run", "--detach", f"--name={NAME}", *options, image)
        until(lambda: answers(f"{address}/healthz"), seconds=30, what=said)
        yield address
    finally:
        podman("rm", "--force", "--ignore", NAME)


def test_it_becomes_ready(url: str) -> None:
    until(lambda: answers(f"{url}/readyz"), seconds=15, what=said)


def test_its_own_health_check_passes(url: str) -> None:
    assert answers(f"{url}/healthz")
    podman("healthcheck", "run", NAME)


def test_a_change_without_a_key_is_refused(url: str) -> None:
    answer = httpx2.post(f"{url}/v1/changes/price", json={}, trust_env=False)
    assert answer.status_code == 401


def test_it_stops_in_time_when_it_is_told_to(url: str) -> None:
    assert answers(f"{url}/healthz")
    before = time.monotonic()
    podman("stop", "--time=20", NAME)
    assert time.monotonic() - before < 10
    assert inspect("container", NAME)["State"]["ExitCode"] == 0, logs(NAME)


def test_a_wrong_configuration_ends_it_with_an_error(image: str) -> None:
    name = f"{NAME}-wrong"
    try:
        podman("create", f"--name={name}", *CONFINED, "--env=BRIDGE_CONFIG=/nowhere.toml", image)
        podman("start", name)
        assert int(podman("wait", name)) > 0
        assert "/nowhere.toml" in logs(name)
    finally:
        podman("rm", "--force", "--ignore", name)


def test_its_user_is_a_number_so_that_kubernetes_can_see_it_is_not_root(image: str) -> None:
    assert inspect("image", image)["Config"]["User"] == "10001:10001"


def test_every_module_is_compiled_and_pip_is_not_in_its_environment(image: str) -> None:
    look = (
        "import importlib.util, json, pathlib; "
        "sources = [p for d in ('app', 'migrations') for p in pathlib.Path(d).rglob('*.py')]; "
        "compiled = [pathlib.Path(importlib.util.cache_from_source(p)).exists() for p in sources]; "
        "print(json.dumps([bool(sources) and all(compiled), importlib.util.find_spec('pip') is None]))"
    )
    found = podman("run", "--rm", *CONFINED, "--entrypoint=python", image, "-c", look)
    assert json.loads(found) == [True, True]
