"""`bridge doctor` without --explain: the findings, shown to a person or a machine."""

import asyncio
import json
from pathlib import Path

import typer

from app import logging
from app.commands.opening import connection_of
from app.config import load
from app.doctor.examining import examine
from app.doctor.findings import Finding, Result
from app.doctor.own import configuration_findings
from app.errors import ConfigurationError

_IN_ORDER, _ILL, _UNASKED = 0, 1, 2
_MARKS = {Result.OK: "✓", Result.ILL: "✗", Result.UNASKED: "–"}  # noqa: RUF001


def examined(config: Path | None, connection: str | None, *, send_test: bool, as_json: bool) -> None:
    # What went wrong stands in the findings.
    logging.configure("critical")
    try:
        settings = load(config)
    except ConfigurationError as error:
        _show(configuration_findings(error.mistakes), as_json=as_json)
        raise typer.Exit(_UNASKED) from None
    names = [connection_of(settings, connection)] if connection is not None else list(settings.connections)
    findings = asyncio.run(examine(settings, names, send_test=send_test))
    _show(findings, as_json=as_json)
    raise typer.Exit(_code(findings))


def _code(findings: list[Finding]) -> int:
    results = {finding.result for finding in findings}
    return _ILL if Result.ILL in results else _UNASKED if Result.UNASKED in results else _IN_ORDER


def _show(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        document = {
            "in_order": all(finding.result is Result.OK for finding in findings),
            "checks": [_document(finding) for finding in findings],
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    shown: str | None = None
    for finding in findings:
        if finding.connection != shown:
            shown = finding.connection
            typer.echo(f"\n{shown}")
        typer.echo(("  " if shown else "") + _line(finding))


def _document(finding: Finding) -> dict[str, str | None]:
    return {
        "connection": finding.connection,
        "check": finding.check,
        "result": finding.result.value,
        "said": finding.said or None,
        "remedy": finding.remedy or None,
    }


def _line(finding: Finding) -> str:
    told = "; ".join(filter(None, [finding.said, finding.remedy]))
    return f"{_MARKS[finding.result]} {finding.check}" + (f": {told}" if told else "")
