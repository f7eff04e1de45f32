"""Settings: defaults, file, environment, and errors that say what to do."""

from __future__ import annotations

import pytest

from powderkeg.app.config import Config, data_dir_of, load_config, settings
from powderkeg.domain.errors import ConfigError


def write(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold(tmp_path):
    """No file and no environment: every setting has its default."""
    assert load_config(environ={"XDG_CONFIG_HOME": str(tmp_path)}) == Config()


def test_file_then_environment(tmp_path):
    """The environment wins over the file, the file over the defaults."""
    path = write(tmp_path, "[journal]\ncommit_interval_ms = 100\ncommit_bytes = 2048\n")
    config = load_config(path, {"POWDERKEG__JOURNAL__COMMIT_BYTES": "4096"})
    assert config.journal.commit_interval_ms == 100
    assert config.journal.commit_bytes == 4096


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[journal]\ncommit_interval = 1\n", "did you mean commit_interval_ms"),
        ("[jurnal]\n", "did you mean journal"),
        ("[journal]\ncommit_interval_ms = 'soon'\n", "int"),
        ("[journal]\ncommit_interval_ms = 0\n", ">= 1"),
        ("journal = 3\n", "must be a table"),
        ("[journal\n", "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    """A wrong file is refused with the place and a suggestion."""
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, text), {})


def test_a_named_file_must_exist(tmp_path):
    """Naming a file that is not there is an error, not a silent default."""
    with pytest.raises(ConfigError, match="no configuration file"):
        load_config(tmp_path / "absent.toml", {})


def test_unknown_environment_variable_is_refused():
    """A typo in the environment does not vanish."""
    with pytest.raises(ConfigError, match=r"POWDERKEG__DATA__DIRR.*did you mean dir"):
        load_config(environ={"POWDERKEG__DATA__DIRR": "/x", "XDG_CONFIG_HOME": "/nonexistent"})


def test_data_directory_follows_the_settings(tmp_path):
    """Set, it is that; unset, the user's data folder."""
    assert data_dir_of(load_config(write(tmp_path, "[data]\ndir = '/srv/keg'\n"), {})).as_posix() == "/srv/keg"
    assert data_dir_of(Config(), {"XDG_DATA_HOME": "/home/u/share"}).as_posix() == "/home/u/share/powderkeg"


def test_every_setting_has_a_meaning():
    """`config show` explains each row."""
    rows = list(settings(Config()))
    assert len(rows) >= 4
    assert all(row.meaning for row in rows)
