"""Where and for whom a server answers: options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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

    settings = load_config(config)
    web, maps = settings.web, settings.maps
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
        is_ahead=maps.calibrate_ahead,
        is_scored=maps.score_daily,
    )


def tell_address(*, as_json: bool, open_: bool, more: dict[str, str] | None = None) -> Callable[[str], None]:
    """Prints an address once it answers, and shows it in a browser where that is asked for."""
    from powderkeg.cli.output import print_json

    def tell(address: str) -> None:
        if as_json:
            print_json({"address": address, **(more or {})})
        else:
            print(f"dashboard  {address}\nAPI        {address}/schema\nctrl-c stops", flush=True)
        if open_:
            open_browser(address)

    return tell


def open_browser(address: str) -> None:
    """Show it, where there is a browser."""
    import webbrowser

    webbrowser.open(address)
