"""The text format of Prometheus 0.0.4, strictly: an own reader, so that what is written is not judged by its writer."""

from __future__ import annotations

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


def read_metrics(text):
    """(name, labels) -> number of every sample; each name once, with HELP and TYPE before its samples."""
    assert text.endswith("\n")
    found, names = {}, []
    lines = iter(text.splitlines())
    line = next(lines, None)
    while line is not None:
        mark, kind, name, said = line.split(" ", 3)
        assert (mark, kind) == ("#", "HELP")
        assert re.fullmatch(NAME, name)
        assert said
        assert name not in names
        names.append(name)
        counter = name.endswith("_total")
        assert next(lines) == f"# TYPE {name} {'counter' if counter else 'gauge'}"
        line = next(lines)
        while line is not None and not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == name
            labels = tuple(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
            assert (name, labels) not in found
            found[name, labels] = float(match[3])
            assert not counter or found[name, labels] >= 0
            line = next(lines, None)
    return found
