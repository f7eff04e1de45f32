"""Sweeps on Ray: a real cluster of one machine, in processes of its own."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest
from sweep_chores import chore_tasks
from sweep_runs import kill_when_some_are_done, run_sweep_cli, sweep_command

from powderkeg.app.sweep import read_sweep
from powderkeg.scale.local import local_engine
from powderkeg.scale.sweep import run_sweep

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")

HEAD = """
import logging, sys, ray
ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""

CHORES = """
import sys
from pathlib import Path
from sweep_chores import chore_tasks
from powderkeg.scale.on_ray import ray_engine
from powderkeg.scale.sweep import run_sweep
folder = Path(sys.argv[2])
tasks = chore_tasks(7, folder)
print(run_sweep(tasks, "sweep_chores:die_once", ray_engine(sys.argv[1]), folder / "wild", "squares").sha256)
"""


@pytest.fixture(scope="module")
def cluster(child_env):
    """The address of a cluster of two processors, gone with the process that started it."""
    with subprocess.Popen(
        [sys.executable, "-c", HEAD], env=child_env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as head:
        address = head.stdout.readline().strip()
        assert ":" in address
        yield address
        head.stdin.close()
        head.wait(60)


def test_ray_killed_and_resumed_is_the_local_file(sweep_file, cluster, child_env):
    """The driver killed with some parts written, run again on the cluster: the bytes of one process of this machine."""
    asked = read_sweep(sweep_file)
    whole = run_sweep(
        asked.tasks, "powderkeg.app.sweep_work:work", local_engine(1), sweep_file.parent / "whole", asked.name
    )
    out = sweep_file.parent / "out"
    options = ("--engine", "ray", "--address", cluster)
    done = kill_when_some_are_done(sweep_file, out, child_env, *options)
    assert done >= 2
    told = json.loads(run_sweep_cli(sweep_file, out, child_env, *options, "--json"))
    assert told["done_before"] >= done
    assert told["sha256"] == whole.sha256


def test_a_killed_ray_worker_loses_no_task(tmp_path, cluster, child_env):
    """Workers that die in the middle of a task: it is done again elsewhere, and the file is the calm one's."""
    calm = run_sweep(chore_tasks(7, tmp_path), "sweep_chores:square", local_engine(1), tmp_path / "calm", "squares")
    wild = subprocess.run(
        [sys.executable, "-c", CHORES, cluster, str(tmp_path)],
        env=child_env,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert wild.stdout.strip() == calm.sha256, wild.stderr[-2_000:]
    assert all((tmp_path / f"tried-{number}").exists() for number in (0, 3, 6))


def test_without_an_address_a_cluster_is_started_and_stopped(sweep_file, child_env):
    """`--engine ray --workers 1` needs nothing that runs already."""
    sweep_file.write_text(sweep_file.read_text().replace("count = 3", "count = 1"))
    told = json.loads(
        run_sweep_cli(sweep_file, sweep_file.parent / "own", child_env, "--engine", "ray", "--workers", "1", "--json")
    )
    assert told["tasks"] == 6


def test_an_address_where_nothing_answers_is_bad_use(sweep_file, child_env):
    """The message names the address; exit code 2."""
    done = subprocess.run(
        sweep_command(sweep_file, sweep_file.parent / "no", "--engine", "ray", "--address", "nonsense://127.0.0.1:1"),
        env=child_env,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 2, done.stderr
    assert "no Ray cluster at nonsense://127.0.0.1:1" in done.stderr
