"""`powderkeg serve`: the HTTP API and the dashboard over recorded data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption
from powderkeg.cli.serve_options import (
    AllowHostOption,
    HostOption,
    OpenOption,
    PortOption,
    serve_options,
    tell_address,
)


def serve(
    host: HostOption = None,
    port: PortOption = None,
    allow_host: AllowHostOption = None,
    open_: OpenOption = False,
    ask_token: Annotated[bool, typer.Option("--ask-token", help="Ask for the token on this machine too.")] = False,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Make a new token, print it this once, and stop.")
    ] = False,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Stop after 10s, 5m ...", show_default=False)
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the dashboard and the HTTP API; what other processes record into the directory shows as it comes."""
    from powderkeg.app.alerts.beside import alert_worker
    from powderkeg.app.config import data_dir_of, load_config
    from powderkeg.domain.time import NS_PER_S, parse_duration
    from powderkeg.web.process import serve as run

    settings = load_config(config)
    folder = data or data_dir_of(settings)
    if new_token:
        _print_token(folder, as_json=as_json)
        return
    token = first_token(folder, settings.web.token, host or settings.web.host)
    options = serve_options(folder, config, host=host, port=port, allow_host=allow_host, ask_token=ask_token)

    if token and not as_json:
        print(f"token      {token}\n           shown this once; needed from other machines")
    made = {"new_token": token} if token else {}
    with alert_worker(folder, settings.alerts, lambda line: print(f"! {line}", file=sys.stderr, flush=True)):
        run(
            options,
            tell_address(as_json=as_json, open_=open_, more=made),
            for_s=parse_duration(for_) / NS_PER_S if for_ else None,
        )


def first_token(folder: Path, chosen: str, host: str) -> str:
    """The token made at the first run on this machine; empty where there is one, or it cannot be kept."""
    from powderkeg.domain.errors import StoreError
    from powderkeg.web.gate.tokens import kept_hash, make_token
    from powderkeg.web.options import is_loopback

    if not is_loopback(host) or kept_hash(folder, chosen) is not None:
        return ""
    try:
        return make_token(folder)
    except StoreError:
        return ""  # a directory that is only read: it can be served here, and nowhere else


def _print_token(folder: Path, *, as_json: bool) -> None:
    from powderkeg.cli.output import print_json
    from powderkeg.web.gate.tokens import FILE_NAME, make_token

    token = make_token(folder)
    if as_json:
        print_json({"token": token})
    else:
        print(f"{token}\n\nThis is the token; it is not shown again. Its hash is kept in {folder / FILE_NAME}.")
