"""What a schema cannot see in k8s/base: names, ports, paths and settings that must agree across objects."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from sqlalchemy.engine import make_url

from app.config import SecretRef, Settings
from tests.system.running import ROOT, bridge

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


@pytest.fixture(scope="module")
def objects() -> list[Any]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed and no registry of ours has it: k8s/base stays unchecked here")
    rendered = subprocess.run(
        [kubectl, "kustomize", str(ROOT / "k8s/base")], capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(rendered.stdout))


@pytest.fixture
def workloads(objects: list[Any]) -> list[Any]:
    return [each for each in objects if "template" in each.get("spec", {})]


@pytest.fixture
def settings(objects: list[Any]) -> dict[str, Any]:
    return tomllib.loads(_one(objects, "ConfigMap")["data"]["bridge.toml"])


def _one(objects: list[Any], kind: str) -> Any:
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def _pod(workload: Any) -> Any:
    return workload["spec"]["template"]["spec"]


def _container(workload: Any) -> Any:
    (container,) = _pod(workload)["containers"]
    return container


def _labels(workload: Any) -> set[tuple[str, str]]:
    return set(workload["spec"]["template"]["metadata"]["labels"].items())


def _servers(workloads: list[Any]) -> list[Any]:
    return [each for each in workloads if each["kind"] == "Deployment"]


def _ports(workload: Any) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in _container(workload)["ports"]}


def _file_references(value: Any) -> Iterator[Path]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _file_references(each)
    elif isinstance(value, str) and value.startswith("file:"):
        yield Path(value.removeprefix("file:"))


def _is_setting(variable: str) -> bool:
    model: Any = Settings
    for part in variable.removeprefix("BRIDGE_").lower().split("__"):
        if part not in getattr(model, "model_fields", {}):
            return False
        model = model.model_fields[part].annotation
    return True


def test_each_workload_runs_a_role_that_the_command_has(workloads: list[Any]) -> None:
    roles = [argument for each in workloads for argument in _container(each)["args"]]
    assert sorted(roles) == ["api", "dispatcher", "migrate", "poller"]
    for role in roles:
        subprocess.run(
            [sys.executable, "-m", "app", role, "--help"], cwd=ROOT, check=True, capture_output=True
        )


def test_each_deployment_selects_its_own_pods_only(workloads: list[Any]) -> None:
    for each in _servers(workloads):
        selector = set(each["spec"]["selector"]["matchLabels"].items())
        assert [other["metadata"]["name"] for other in workloads if selector <= _labels(other)] == [
            each["metadata"]["name"]
        ]


def test_the_service_selects_the_api_by_a_port_that_it_has(objects: list[Any], workloads: list[Any]) -> None:
    service = _one(objects, "Service")["spec"]
    (api,) = [each for each in workloads if set(service["selector"].items()) <= _labels(each)]
    assert _container(api)["args"] == ["api"]
    assert {port["targetPort"] for port in service["ports"]} <= set(_ports(api))


def test_ports_of_probes_scrapes_and_configuration_agree(
    workloads: list[Any], settings: dict[str, Any]
) -> None:
    for each in _servers(workloads):
        container, ports = _container(each), _ports(each)
        probed = {ports[container[probe]["httpGet"]["port"]] for probe in PROBES}
        scraped = int(each["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"])
        assert probed == {scraped} == {settings["server"]["port"]}


def test_paths_of_probes_and_scrapes_are_answered(workloads: list[Any], tmp_path: Path) -> None:
    paths = set()
    for each in _servers(workloads):
        paths |= {_container(each)[probe]["httpGet"]["path"] for probe in PROBES}
        paths.add(each["spec"]["template"]["metadata"]["annotations"]["prometheus.io/path"])
    with bridge(tmp_path) as url:
        answers = {path: httpx2.get(f"{url}{path}", trust_env=False).status_code for path in paths}
    assert answers == dict.fromkeys(["/healthz", "/readyz", "/metrics"], 200)


def test_each_bridge_variable_is_a_setting(workloads: list[Any]) -> None:
    names = {variable["name"] for each in workloads for variable in _container(each).get("env", [])}
    assert names
    assert [
        name for name in names - {"BRIDGE_CONFIG"} if name.startswith("BRIDGE_") and not _is_setting(name)
    ] == []


def test_kubernetes_adds_no_variables_of_its_own(workloads: list[Any]) -> None:
    assert {_pod(each)["enableServiceLinks"] for each in workloads} == {False}


def test_the_configuration_is_one_that_we_accept(settings: dict[str, Any]) -> None:
    """Its secrets aside: they are files that only the cluster has."""
    accepted = Settings(**settings)
    assert accepted.server.host == "0.0.0.0"
    assert not accepted.on_sqlite


def test_references_resolve(objects: list[Any], workloads: list[Any], settings: dict[str, Any]) -> None:
    config, account = _one(objects, "ConfigMap"), _one(objects, "ServiceAccount")
    (secrets,) = {reference.parent for reference in _file_references(settings)}
    for each in workloads:
        pod, container = _pod(each), _container(each)
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
        place = Path(next(v["value"] for v in container["env"] if v["name"] == "BRIDGE_CONFIG"))
        assert mounts[str(place.parent)]["configMap"]["name"] == config["metadata"]["name"]
        assert place.name in config["data"]
        assert mounts[str(secrets)]["secret"]["secretName"] == "erp-vtex-bridge"
        assert pod["serviceAccountName"] == account["metadata"]["name"]


def test_no_secret_stands_in_clear(
    objects: list[Any], workloads: list[Any], settings: dict[str, Any]
) -> None:
    assert "Secret" not in {each["kind"] for each in objects}
    assert make_url(settings["database_url"]).password is None
    assert isinstance(Settings(**settings).database_password, SecretRef)
    clear = {v["name"] for each in workloads for v in _container(each).get("env", []) if "value" in v}
    assert clear == {"BRIDGE_CONFIG"}


def test_no_pod_can_do_more_than_it_needs(objects: list[Any], workloads: list[Any]) -> None:
    assert _one(objects, "ServiceAccount")["automountServiceAccountToken"] is False
    for each in workloads:
        pod, container = _pod(each), _container(each)
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
