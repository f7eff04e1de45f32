"""Settings: one TOML file, overridden by the environment, unknown keys refused with a suggestion.

Order of precedence, later wins: defaults here, the file (`--config`, `POWDERKEG_CONFIG`, or `powderkeg/config.toml` in
the user's configuration folder), environment variables `POWDERKEG__SECTION__KEY`, command line options.
The sections below are the whole table: flags, documentation and `powderkeg config show` are made from it.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, cast

import msgspec

from powderkeg.app.alerts.settings import AlertSettings
from powderkeg.domain.errors import ConfigError

ENV_PREFIX: Final = "POWDERKEG__"


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things are kept."""

    dir: Annotated[str, msgspec.Meta(description="data directory: journal, archive and quarantine lists")] = ""


class JournalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How raw frames are written down."""

    commit_interval_ms: Annotated[
        int,
        msgspec.Meta(ge=1, le=60_000, description="a batch is committed at least this often; the most a crash loses"),
    ] = 250
    commit_bytes: Annotated[
        int,
        msgspec.Meta(ge=1_024, le=64 * 1_048_576, description="a batch is committed when it holds this many raw bytes"),
    ] = 1_048_576


class StatsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How windows treat late events."""

    lateness_s: Annotated[
        int, msgspec.Meta(ge=0, le=3_600, description="events this late still correct a bar, as a new revision")
    ] = 60


class WebSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the dashboard and the HTTP API answer, and to whom."""

    host: Annotated[
        str, msgspec.Meta(min_length=1, description="address to listen on; beyond this machine only with a token")
    ] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535, description="port to listen on; 0 takes any free one")] = 8_765
    token: Annotated[
        str, msgspec.Meta(description="token asked for, at least 24 characters; powderkeg serve --new-token makes one")
    ] = ""
    allowed_hosts: Annotated[
        str, msgspec.Meta(description="further host names to answer to, with commas: behind a proxy, its name")
    ] = ""


class MapsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a server does for liquidation maps in the background."""

    calibrate_ahead: Annotated[
        bool, msgspec.Meta(description="calibrate maps before anyone asks, at the start and after midnight UTC")
    ] = True
    score_daily: Annotated[bool, msgspec.Meta(description="then score them, so that their scorecards fill")] = True


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting there is."""

    data: Data = Data()
    journal: JournalSettings = JournalSettings()
    stats: StatsSettings = StatsSettings()
    web: WebSettings = WebSettings()
    maps: MapsSettings = MapsSettings()
    alerts: AlertSettings = AlertSettings()


class Setting(msgspec.Struct, frozen=True):
    """One row of `powderkeg config show`."""

    name: str
    current: str | int | float | bool
    default: str | int | float | bool
    meaning: str


SECRET_WORDS: Final = ("token", "secret", "password", "key", "url")
"""A setting whose name ends with one of these is shown as `***`."""


def default_config_path(environ: Mapping[str, str]) -> Path:
    """The file read when none is named (XDG Base Directory Specification 0.8)."""
    named = environ.get("POWDERKEG_CONFIG")
    if named:
        return Path(named)
    root = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(root) / "powderkeg" / "config.toml"


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """The data directory when none is set (XDG Base Directory Specification 0.8)."""
    root = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(root) / "powderkeg"


def load_config(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read the settings.

    Args:
        path: a file that must exist; by default `default_config_path`, which may be absent.
        environ: the environment, by default the process's.

    Raises:
        ConfigError: unreadable file, unknown section or key, wrong type or range; with a suggestion.
    """
    environ = os.environ if environ is None else environ
    chosen = path or default_config_path(environ)
    tree: dict[str, Any] = {}
    if path is not None or environ.get("POWDERKEG_CONFIG") or chosen.is_file():
        tree = _read_toml(chosen)
    _check_names(tree, str(chosen))
    for name, text in environ.items():
        if name.startswith(ENV_PREFIX):
            _override(tree, name, text)
    try:
        return msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{chosen} or environment: {error}") from error


def data_dir_of(config: Config, environ: Mapping[str, str] | None = None) -> Path:
    """The data directory the settings mean."""
    if config.data.dir:
        return Path(config.data.dir).expanduser()
    return default_data_dir(os.environ if environ is None else environ)


def settings(config: Config) -> Iterator[Setting]:
    """Every setting with its current and default value; secrets are redacted."""
    defaults = Config()
    for section_name, key, meta in _table():
        current = getattr(getattr(config, section_name), key)
        secret = key.endswith(SECRET_WORDS) and bool(current)
        yield Setting(
            name=f"{section_name}.{key}",
            current="***" if secret else current,
            default=getattr(getattr(defaults, section_name), key),
            meaning=meta,
        )


def _table() -> Iterator[tuple[str, str, str]]:
    for section in msgspec.structs.fields(Config):
        for field in msgspec.structs.fields(cast("type[msgspec.Struct]", section.type)):
            description = ""
            for extra in getattr(field.type, "__metadata__", ()):
                description = extra.description or description
            yield section.name, field.name, description


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no configuration file at {path}; create it or leave the option out") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _check_names(tree: dict[str, Any], where: str) -> None:
    known: dict[str, set[str]] = {}
    for section, key, _ in _table():
        known.setdefault(section, set()).add(key)
    for section, content in tree.items():
        if section not in known:
            raise ConfigError(f"{where}: unknown section [{section}]{_suggest(section, known)}")
        if not isinstance(content, dict):
            raise ConfigError(f"{where}: [{section}] must be a table of settings")
        for key in cast("dict[str, Any]", content):
            if key not in known[section]:
                raise ConfigError(f"{where}: unknown setting {section}.{key}{_suggest(key, known[section])}")


def _override(tree: dict[str, Any], name: str, text: str) -> None:
    section, _, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
    _check_names({section: {key: text}}, f"environment variable {name}")
    tree.setdefault(section, {})[key] = text


def _suggest(word: str, known: Mapping[str, object] | set[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"
