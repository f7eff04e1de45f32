"""How a server is started: what a person or a collector says, checked before anything listens."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from powderkeg.domain.errors import ConfigError
from powderkeg.web.gate.hosts import LOOPBACK

PORT: Final = 8_765


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where and for whom a server answers.

    Attributes:
        data_dir: the data directory.
        host: address to listen on; port: 0 takes any free one.
        token_hash: of the token asked for, hexadecimal; empty asks for none.
        more_hosts: further names the server goes by.
        is_fed: a collector feeds it on standard input, and it ends with that.
        is_simulated: what it is fed comes from simulated venues.
        is_ahead: maps are calibrated before anyone asks.
        is_scored: then they are scored too, once a day.
    """

    data_dir: str
    host: str = "127.0.0.1"
    port: int = PORT
    token_hash: str = ""
    more_hosts: tuple[str, ...] = ()
    is_fed: bool = False
    is_simulated: bool = False
    is_ahead: bool = True
    is_scored: bool = True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    return host in LOOPBACK or host == "::1" or (host.startswith("127.") and host.replace(".", "").isdecimal())


def check_exposure(host: str, token_hash: bytes | None, data_dir: Path) -> None:
    """Refuse to listen beyond loopback without a token.

    Raises:
        ConfigError: there is none.
    """
    if not is_loopback(host) and token_hash is None:
        raise ConfigError(
            f"{host} can be reached from other machines and there is no token; make one with "
            f"powderkeg serve --new-token --data {data_dir} (it is printed once), or set web.token, "
            "or leave --host out to serve this machine alone"
        )
