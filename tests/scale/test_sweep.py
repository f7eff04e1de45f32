"""Sweeps on this machine: the same bytes however they are run, stopped or damaged."""

from __future__ import annotations

import hashlib
import json

import pyarrow.parquet as pq
import pytest
from sweep_chores import chore_tasks
from sweep_runs import finished, kill_when_some_are_done, run_sweep_cli

from powderkeg.app.sweep import read_sweep
from powderkeg.cli.main import main
from powderkeg.domain.errors import InputError, StoreError
from powderkeg.scale.local import local_engine
from powderkeg.scale.parts import Parts
from powderkeg.scale.sweep import run_sweep


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def whole(sweep_file):
    """The merged file of an undisturbed run in this process."""
    asked = read_sweep(sweep_file)
    out = sweep_file.parent / "whole"
    return run_sweep(asked.tasks, "powderkeg.app.sweep_work:work", local_engine(1), out, asked.name)


def test_killed_and_resumed_is_the_same_file(sweep_file, whole, child_env):
    """SIGKILL with some parts written, then the same command: only the rest is done, and the bytes are equal."""
    out = sweep_file.parent / "out"
    done = kill_when_some_are_done(sweep_file, out, child_env, "--workers", "1")
    assert 2 <= done < whole.tasks
    told = json.loads(run_sweep_cli(sweep_file, out, child_env, "--workers", "2", "--json"))
    assert told["done_before"] >= done
    assert told["sha256"] == whole.sha256 == digest(out / "squeeze.parquet")


def test_a_damaged_part_is_made_anew(sweep_file, whole):
    """A flipped byte, a lost stamp and a lost part are noticed; the merged file comes out the same."""
    asked = read_sweep(sweep_file)
    stamps = finished(sweep_file.parent / "whole")
    flipped = stamps[0].with_suffix(".parquet")
    held = bytearray(flipped.read_bytes())
    held[len(held) // 2] ^= 1
    flipped.write_bytes(held)
    stamps[1].unlink()
    stamps[2].with_suffix(".parquet").unlink()
    again = run_sweep(
        asked.tasks, "powderkeg.app.sweep_work:work", local_engine(1), sweep_file.parent / "whole", asked.name
    )
    assert again.done_before == whole.tasks - 3
    assert again.sha256 == whole.sha256


def test_rows_say_what_they_are_about(whole):
    """Every task's rows carry its scenario; eighteen scenarios differ, paths of folders are left out."""
    rows = pq.read_table(whole.out).to_pylist()
    scenarios = {row["scenario"] for row in rows}
    assert len(scenarios) == whole.tasks == 18
    assert all(json.loads(one)["fuel"] == "fuel.csv" for one in scenarios)
    assert {row["coin"] for row in rows} == {"BTC", "ETH"}
    shocked = [
        row["estimate"]
        for row in rows
        if row["measure"] == "touch" and row["at"] == 102_000.0 and json.loads(row["scenario"])["coin"] == "BTC"
    ]
    assert len(shocked) == 9
    assert all(0.0 <= one <= 1.0 for one in shocked)


def test_what_changes_an_answer_changes_the_task(sweep_file):
    """Another setting or another byte in a file that is read: another key; the same: the same."""
    first = read_sweep(sweep_file).tasks
    assert read_sweep(sweep_file).tasks == first
    fuel = sweep_file.parent / "fuel.csv"
    fuel.write_text(fuel.read_text().replace("60000000", "60000001"))
    assert not {one.key for one in first} & {one.key for one in read_sweep(sweep_file).tasks}


def test_a_dying_process_loses_no_task(tmp_path):
    """Tasks that kill their process once are done by another; nothing is missing, nothing twice."""
    tasks = chore_tasks(4, tmp_path)
    calm = run_sweep(tasks, "sweep_chores:square", local_engine(1), tmp_path / "calm", "squares")
    wild = run_sweep(tasks, "sweep_chores:die_once", local_engine(2), tmp_path / "wild", "squares")
    assert wild.sha256 == calm.sha256
    assert (tmp_path / "tried-0").exists()


def test_an_error_of_a_task_is_told_and_the_rest_kept(tmp_path):
    """The error keeps its kind and gets its task's number; parts written before it stay."""
    tasks = chore_tasks(4, tmp_path)
    with pytest.raises(InputError, match="task 3: two is not a number"):
        run_sweep(tasks, "sweep_chores:refuse", local_engine(1), tmp_path, "squares")
    assert len(finished(tmp_path)) == 2
    with pytest.raises(StoreError, match="missing or damaged"):
        Parts(tmp_path, "squares").merge(tasks)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("kind = 'dance'", "a sweep has kind, base, grid and sample"),
        ("[base]\ncoin = 'BTC'\nfuel = 'fuel.csv'\nspeed = 3", "unknown setting speed"),
        ("[base]\npaths = 100", "needs a coin"),
        ("[grid]\ncoin = []", "0 tasks"),
        ("kind = 'calibrate'", "needs bars"),
        ("kind = 'import'\n[base]\nfile = 'x.csv'\nspeed = 1", "unknown setting speed"),
        ("[base]\ncoin = 'BTC'\n[sample]\ncount = 0", "sample count is 0"),
        ("[base", "a sweep has kind"),
    ],
)
def test_sweeps_that_mean_nothing_are_refused(sweep_file, text, match):
    sweep_file.write_text(text)
    with pytest.raises(InputError, match=match):
        read_sweep(sweep_file)


def test_bad_use_ends_with_two(sweep_file, monkeypatch, capsys):
    """An unknown engine and an address without Ray are bad use."""
    for options in (["--engine", "abacus"], ["--address", "auto"]):
        monkeypatch.setattr("sys.argv", ["powderkeg", "sweep", str(sweep_file), *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        assert "powderkeg: " in capsys.readouterr().err


def test_imports_of_many_files_share_one_directory(tmp_path):
    """A back-fill: files imported by several processes at once make the archive one process makes."""
    rows = "BTC,SELL,LIMIT,IOC,1,60000,60000,FILLED,1,1,{},60000\n"
    for day in range(4):
        (tmp_path / f"orders{day}.csv").write_text(
            "".join(rows.format(1_723_900_000_000 + 86_400_000 * day + second * 1_000) for second in range(50))
        )
    path = tmp_path / "fill.toml"
    path.write_text("kind = 'import'\n[grid]\nfile = ['orders0.csv', 'orders1.csv', 'orders2.csv', 'orders3.csv']")
    sums = {}
    for workers in (1, 2):
        asked = read_sweep(path, tmp_path / f"data{workers}")
        out = tmp_path / f"out{workers}"
        run_sweep(asked.tasks, "powderkeg.app.sweep_work:work", local_engine(workers), out, asked.name)
        kept = (tmp_path / f"data{workers}" / "archive").rglob("event=*/**/*.parquet")
        sums[workers] = sorted((one.name, digest(one)) for one in kept)
    assert sums[1]
    assert sums[1] == sums[2]
