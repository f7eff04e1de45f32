"""`powderkeg import`: recorded files into the journal and the archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir

if TYPE_CHECKING:
    from powderkeg.domain.errors import PowderkegError
    from powderkeg.store.importers.run import ImportResult


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
    from powderkeg.cli.output import print_json

    done, failed = _import_all(data_dir(data, config), files, format_, symbol)
    if as_json:
        told = [{"file": str(path), "error": str(error)} for path, error in failed]
        print_json({"imports": [{"file": str(path), "result": result} for path, result in done], "failures": told})
    else:
        from powderkeg.cli.import_view import print_import

        for path, result in done:
            print_import(path, result)
        for path, error in failed:
            typer.echo(f"powderkeg: {path}: {error}", err=True)
    if failed:
        raise typer.Exit(max(error.exit_code for _, error in failed))


def _import_all(
    target: Path, files: list[Path], format_: str | None, symbol: str | None
) -> tuple[list[tuple[Path, ImportResult]], list[tuple[Path, PowderkegError]]]:
    """Every file's result or error: one bad file does not keep the others out."""
    from powderkeg.cli.progress import import_progress
    from powderkeg.domain.errors import PowderkegError
    from powderkeg.store.importers.run import import_file

    done: list[tuple[Path, ImportResult]] = []
    failed: list[tuple[Path, PowderkegError]] = []
    with import_progress() as progress:
        for path in files:
            try:
                result = import_file(target, path, format=format_, symbol=symbol, progress=progress.of(path))
            except PowderkegError as error:
                failed.append((path, error))
            else:
                done.append((path, result))
    return done, failed
