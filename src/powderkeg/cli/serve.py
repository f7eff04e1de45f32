"""`powderkeg serve`: the HTTP API and the dashboard over recorded data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption

if TYPE_CHECKING:
    from powderkeg.web.options import ServeOptions

HostOption = Annotated[
    str | None,
    typer.Option("--host", help="Address to listen on; beyond this machine only with a token.", show_default=False),
]
PortOption = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65_535, help="Default 8765; 0 takes any free one.", show_default=False),
]
OpenOption = Annotated[bool, typer.Option("--open", help="Open a browser.")]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="Also answer to this host name; repeatable.", show_default=False),
]


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
    from powderkeg.app.config import data_dir_of, load_config
    from powderkeg.cli.output import print_json
    from powderkeg.domain.time import NS_PER_S, parse_duration
    from powderkeg.web.process import serve as run

    settings = load_config(config)
    folder = data or data_dir_of(settings)
    if new_token:
        _print_token(folder, as_json=as_json)
        return
    token = first_token(folder, settings.web.token, host or settings.web.host)
    options = serve_options(folder, config, host=host, port=port, allow_host=allow_host, ask_token=ask_token)

    def tell(address: str) -> None:
        if as_json:
            made = {"new_token": token} if token else {}
            print_json({"address": address, "data": str(folder), "asks_token": bool(options.token_hash), **made})
        else:
            if token:
                print(f"token      {token}\n           shown this once; needed from other machines")
            print(f"dashboard  {address}\nAPI        {address}/schema\nctrl-c stops", flush=True)
        if open_:
            open_browser(address)

    run(options, tell, for_s=parse_duration(for_) / NS_PER_S if for_ else None)


def serve_options(
    folder: Path,
    config: Path | None,
    *,
    host: str | None = None,
    port: int | None = None,
    allow_host: list[str] | None = None,
    ask_token: bool = False,
) -> ServeOptions:
    """Where and for whom to serve: what options say, else the settings.

    Raises:
        ConfigError: beyond this machine without a token.
    """
    from powderkeg.app.config import load_config
    from powderkeg.domain.errors import ConfigError
    from powderkeg.web.gate.tokens import kept_hash
    from powderkeg.web.options import ServeOptions, check_exposure, is_loopback

    web = load_config(config).web
    address = host or web.host
    token_hash = kept_hash(folder, web.token)
    check_exposure(address, token_hash, folder)
    if ask_token and token_hash is None:
        raise ConfigError(f"there is no token; make one with powderkeg serve --new-token --data {folder}")
    is_asked = ask_token or not is_loopback(address) or bool(web.token)
    configured = tuple(name.strip() for name in web.allowed_hosts.split(",") if name.strip())
    return ServeOptions(
        data_dir=str(folder),
        host=address,
        port=web.port if port is None else port,
        token_hash=token_hash.hex() if token_hash and is_asked else "",
        more_hosts=(*configured, *(allow_host or ())),
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


def open_browser(address: str) -> None:
    """Show it, where there is a browser."""
    import webbrowser

    webbrowser.open(address)


def _print_token(folder: Path, *, as_json: bool) -> None:
    from powderkeg.cli.output import print_json
    from powderkeg.web.gate.tokens import FILE_NAME, make_token

    token = make_token(folder)
    if as_json:
        print_json({"token": token})
    else:
        print(f"{token}\n\nThis is the token; it is not shown again. Its hash is kept in {folder / FILE_NAME}.")
