"""The command line as a person uses it: arguments in; exit code, output and errors out."""

from __future__ import annotations

import json
import sys
from typing import Any, NamedTuple

import pytest

from powderkeg.cli.main import main


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON, which fails where anything else stands there too."""
        return json.loads(self.out)


@pytest.fixture
def keg(monkeypatch, capfd, tmp_path):
    """Runs `powderkeg` with arguments, away from this user's own settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "no-data"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("POWDERKEG_CONFIG", raising=False)

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["powderkeg", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        return Answer(code, *capfd.readouterr())

    return run
