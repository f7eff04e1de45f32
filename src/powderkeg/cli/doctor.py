"""`powderkeg doctor`: is everything in order, and what to do where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir

if TYPE_CHECKING:
    from powderkeg.app.doctor import Finding


def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="First make absent or damaged archive files anew from their journals.")
    ] = False,
    network: Annotated[
        bool, typer.Option("--network", help="Also whether each venue can be reached, and whether our clock is right.")
    ] = False,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the installation, the data directory and every stored file; each finding comes with its fix."""
    from powderkeg.app.doctor import FAIL, WARN, examine
    from powderkeg.cli.output import console, print_json

    folder = data_dir(data, config)
    mended = _repaired(folder) if repair and folder.is_dir() else []
    findings = [*examine(folder), *(_reached() if network else [])]
    failed = any(finding.status == FAIL for finding in findings)
    if as_json:
        print_json({"ok": not failed, "checks": findings, "repaired": mended})
    else:
        out = console()
        if repair:
            out.print(f"repaired: {', '.join(mended) or 'nothing had to be'}", markup=False)
        for finding in findings:
            style = {FAIL: "bold red", WARN: "yellow"}.get(finding.status, "green")
            out.print(f"[{style}]{finding.status:>4}[/]  {finding.name}: ", end="")
            out.print(finding.detail, markup=False, soft_wrap=True)
            if finding.fix:
                out.print(f"      fix: {finding.fix}", markup=False)
    if failed:
        raise typer.Exit(1)


def _reached() -> list[Finding]:
    from powderkeg.app.network import network_findings

    return network_findings()


def _repaired(folder: Path) -> list[str]:
    from powderkeg.cli.output import console
    from powderkeg.domain.errors import StoreBusyError, StoreError
    from powderkeg.store.archive import repair

    try:
        return repair(folder)
    except StoreBusyError:
        raise
    except StoreError as error:  # the checks that follow say what is left to do
        console(stderr=True).print(str(error), markup=False)
        return []
