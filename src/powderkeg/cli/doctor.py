"""`powderkeg doctor`: is everything in order, and what to do where it is not."""

from __future__ import annotations

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir


def doctor(data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the installation, the data directory and every stored file; each finding comes with its fix."""
    from powderkeg.app.doctor import FAIL, WARN, examine
    from powderkeg.cli.output import console, print_json

    findings = examine(data_dir(data, config))
    failed = any(finding.status == FAIL for finding in findings)
    if as_json:
        print_json({"ok": not failed, "checks": findings})
    else:
        out = console()
        for finding in findings:
            style = {FAIL: "bold red", WARN: "yellow"}.get(finding.status, "green")
            out.print(f"[{style}]{finding.status:>4}[/]  {finding.name}: ", end="")
            out.print(finding.detail, markup=False)
            if finding.fix:
                out.print(f"      fix: {finding.fix}", markup=False)
    if failed:
        raise typer.Exit(1)
