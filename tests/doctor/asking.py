"""The questions of `bridge doctor`, asked in this process or by the command."""

import asyncio
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.config import parse
from app.doctor.examining import examine
from app.doctor.findings import Finding, Result
from tests.processes import toml
from tests.running import RunningSandbox, configuration
from tests.test_command import Command

#: A connection to which everything that can be asked applies, but for the hook.
ALL: dict[str, Any] = {
    "vtex": {"timeout_seconds": 5},
    "orders": {"sources": ["feed", "list"]},
    "erp": {"include_payments": True},
}


@dataclass
class Doctor:
    sandbox: RunningSandbox
    database_url: str
    folder: Path
    changes: dict[str, Any] = field(default_factory=lambda: ALL)

    def changed(self, **changes: Any) -> "Doctor":
        merged = {**self.changes}
        for section, values in changes.items():
            merged[section] = {**merged.get(section, {}), **values}
        return Doctor(self.sandbox, self.database_url, self.folder, merged)

    async def found(self, *, send_test: bool = False) -> dict[str, Finding]:
        settings = parse(configuration(self.database_url, self.sandbox.url, **self.changes))
        findings = await examine(settings, list(settings.connections), send_test=send_test)
        checks = [finding.check for finding in findings]
        assert len(checks) == len(set(checks)), "each check is told once"
        return {finding.check: finding for finding in findings}

    async def ill(self, **how: bool) -> dict[str, Finding]:
        return {check: each for check, each in (await self.found(**how)).items() if each.result is Result.ILL}

    async def fault(self, path_regex: str, status: int, body: str = "", **others: Any) -> None:
        rule = {"action": "status", "status": status, "path_regex": path_regex, "times": None, "body": body}
        await self.sandbox.control("faults", rule | others)

    async def mended(self) -> None:
        await self.sandbox.client.delete("/sandbox/faults")

    async def said(
        self, *arguments: str, content: dict[str, Any] | None = None, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """The command as a process of its own."""
        command = Command(self.folder, self.database_url)
        shown = content or configuration(self.database_url, self.sandbox.url, **self.changes)
        command.file.write_text(toml(shown))
        return await asyncio.to_thread(command.run, "doctor", *arguments, **environment)


def lines(ended: "subprocess.CompletedProcess[str]") -> list[str]:
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.stdout.splitlines()
