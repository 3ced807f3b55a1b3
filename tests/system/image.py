"""The container image, built and run as a user would; the base is made by debootstrap, not pulled."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.system.running import ROOT, tool

#: Survives a run, so that the next one is quick; remove it for a fresh base.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "erp-vtex-bridge-base"
STORE = [f"--root={CACHE / 'storage'}", "--runroot=/run/erp-vtex-bridge-base", "--storage-driver=overlay"]
BASE = "localhost/erp-vtex-bridge-base:bookworm"
IMAGE = "localhost/erp-vtex-bridge:test"


def run(command: Sequence[str], *, seconds: float = 60, merged: bool = False) -> str:
    errors = subprocess.STDOUT if merged else subprocess.PIPE
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=seconds, check=False
    )
    if done.returncode:
        said = f"{done.stdout[-4000:]}\n{(done.stderr or '')[-4000:]}"
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
    return done.stdout


def podman(*arguments: str, seconds: float = 60, merged: bool = False) -> str:
    # runc and cgroupfs: they need neither systemd nor a recent kernel.
    options = [*STORE, f"--runtime={tool('runc')}", "--cgroup-manager=cgroupfs", "--events-backend=file"]
    return run([tool("podman"), *options, *arguments], seconds=seconds, merged=merged)


def logs(container: str) -> str:
    """All that it said: podman keeps the two streams apart, a reader of a failure wants both."""
    return podman("logs", container, merged=True)


def inspect(kind: str, name: str) -> Any:
    return json.loads(podman(kind, "inspect", name))[0]


def build() -> None:
    """Build our Dockerfile over a Debian that has what the default base has: Python 3.11, venv and pip."""
    if os.geteuid() != 0:
        pytest.fail("building and running images needs root here")
    if BASE not in podman("images", "--format={{.Repository}}:{{.Tag}}"):
        _bootstrap()
    command = [
        tool("buildah"),
        *STORE,
        "bud",
        "--isolation=chroot",
        "--network=host",
        "--format=docker",
        "--layers",
    ]
    authority = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    if authority:
        command.append(f"--secret=id=ca,src={authority}")
    run([*command, f"--build-arg=BASE_IMAGE={BASE}", f"--tag={IMAGE}", "."], seconds=600)


def _bootstrap() -> None:
    packages = "--include=python3,python3-pip,python3-venv,ca-certificates"
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        root, archive = Path(place) / "root", Path(place) / "base.tar"
        run([tool("debootstrap"), "--variant=minbase", packages, "bookworm", str(root)], seconds=600)
        run(
            [
                "tar",
                "--create",
                f"--file={archive}",
                f"--directory={root}",
                "--exclude=./var/cache/apt/*",
                ".",
            ]
        )
        podman("import", str(archive), BASE, seconds=300)
