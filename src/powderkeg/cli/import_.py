"""`powderkeg import`: recorded files into the journal and the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir


def import_(
    files: Annotated[list[Path], typer.Argument(help="Files to import; the kind is recognized by content.")],
    format_: Annotated[
        str | None, typer.Option("--format", help="Force a kind instead of recognizing it.", show_default=False)
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Symbol, where neither name nor content of a file says it.", show_default=False)
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import recorded files. The same file twice changes nothing; an interrupted import goes on where it stopped."""
    from powderkeg.cli.output import console, print_json
    from powderkeg.cli.progress import import_progress
    from powderkeg.domain.errors import PowderkegError
    from powderkeg.store.importers.run import import_file

    target = data_dir(data, config)
    results, failures = [], []
    with import_progress() as progress:
        for path in files:
            try:
                results.append(import_file(target, path, format=format_, symbol=symbol, progress=progress.of(path)))
            except PowderkegError as error:
                if len(files) == 1:
                    raise
                failures.append((path, error))
    if as_json:
        print_json(
            {"imports": results, "failures": [{"file": str(path), "error": str(error)} for path, error in failures]}
        )
    else:
        from powderkeg.cli.import_view import print_import

        for path, result in zip((p for p in files if p not in {f for f, _ in failures}), results, strict=True):
            print_import(path, result)
        for path, error in failures:
            console(stderr=True).print(f"{path}: {error}", markup=False)
    if failures:
        raise typer.Exit(max(error.exit_code for _, error in failures))
