"""`powderkeg config show`: every setting, its value, its default and what it means; secrets redacted."""

from __future__ import annotations

import typer

from powderkeg.cli.options import ConfigOption, JsonOption

app = typer.Typer(help="Settings.", no_args_is_help=True)


@app.command()
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every setting with its current and default value."""
    from powderkeg.app.config import default_config_path, load_config, settings
    from powderkeg.cli.output import console, print_json, table

    rows = list(settings(load_config(config)))
    if as_json:
        print_json({"settings": rows})
        return
    import os

    out = console()
    view = table("setting", "current", "default", "meaning")
    for row in rows:
        view.add_row(row.name, _plain(row.current), _plain(row.default), row.meaning)
    out.print(view)
    out.print(f"file: {config or default_config_path(os.environ)}; environment: POWDERKEG__SECTION__KEY", style="dim")


def _plain(content: object) -> str:
    return str(content) if content != "" else "(unset)"
