"""A real Prometheus server scrapes a real bridge."""

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import yaml

from tests.system.running import answers, bridge, free_port, process, tool, until

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def bridge_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bridge(tmp_path_factory.mktemp("bridge")) as url:
        yield url


@pytest.fixture(scope="module")
def prometheus_url(bridge_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("prometheus")
    config = directory / "prometheus.yml"
    target = bridge_url.removeprefix("http://")
    scrape = {"job_name": "bridge", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    config.write_text(yaml.safe_dump({"scrape_configs": [scrape]}))
    address = f"127.0.0.1:{free_port()}"
    command = [
        tool("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
    ]
    url = f"http://{address}"
    with process(command, log=directory / "log", ready=lambda: answers(f"{url}/-/ready")):
        yield url


def series(prometheus_url: str, query: str) -> list[Any]:
    answer = httpx2.get(f"{prometheus_url}/api/v1/query", params={"query": query}, trust_env=False)
    return list(answer.raise_for_status().json()["data"]["result"])


def scrape_error(prometheus_url: str) -> str:
    answer = httpx2.get(f"{prometheus_url}/api/v1/targets", trust_env=False).raise_for_status()
    return str([target["lastError"] for target in answer.json()["data"]["activeTargets"]])


@pytest.mark.parametrize("query", ['up{job="bridge"} == 1', '{job="bridge",__name__=~"bridge_.+"}'])
def test_prometheus_sees(query: str, prometheus_url: str) -> None:
    until(
        lambda: bool(series(prometheus_url, query)),
        seconds=30,
        what=lambda: f"{query} has a series; scrapes said {scrape_error(prometheus_url)}",
    )


def test_promtool_finds_nothing_to_improve(bridge_url: str) -> None:
    """Names, units, types and help of every metric that a newly started bridge shows."""
    exposition = httpx2.get(f"{bridge_url}/metrics", trust_env=False).raise_for_status().content
    check = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=exposition, capture_output=True, check=False
    )
    assert (check.returncode, check.stdout, check.stderr) == (0, b"", b"")
