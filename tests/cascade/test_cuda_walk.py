"""The CUDA text in numba's simulator counts what the CPU counts, and a missing device is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from monte_carlo_kit import coin, plan

from powderkeg.cascade.monte_carlo import simulate
from powderkeg.domain.errors import InputError

PROGRAM = """
import numpy as np
from monte_carlo_kit import coin, plan
from powderkeg.cascade.monte_carlo import simulate
from powderkeg.cascade.monte_carlo_inputs import Dynamics

def outcomes(device):
    few = dict(paths=64, step_s=7200.0)
    first, second = coin(bins=60, shock_usd=5e7), coin(coin="ETH", bins=60)
    slow = Dynamics(latency_s=3600.0)
    history = np.random.default_rng(1).normal(0, 0.01, 50)
    yield simulate([first], plan=plan(**few), dynamics=slow, device=device)
    yield simulate([first], plan=plan(**few, returns="student", variance="antithetic"), device=device)
    yield simulate([first], plan=plan(**few, variance="sobol"), device=device)
    held = coin(bins=60, returns=history)
    yield simulate([held], plan=plan(**few, returns="bootstrap"), device=device)
    tied = np.array([[1.0, 0.8], [0.8, 1.0]])
    yield simulate([first, second], plan=plan(**few), correlation=tied, spillover=0.3 * (1 - np.eye(2)), device=device)

for cpu, gpu in zip(outcomes("cpu"), outcomes("gpu"), strict=True):
    assert cpu.coins == gpu.coins, (cpu, gpu)
    assert (cpu.device, gpu.device) == ("cpu", "gpu")
print("equal")
"""


def test_a_device_walks_the_same_paths():
    """Every kind of run, few paths, in numba's CUDA simulator: equal counters, so equal records."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={
            **os.environ,
            "NUMBA_ENABLE_CUDASIM": "1",
            "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)]),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout.strip() == "equal", done.stderr[-3_000:]


def test_a_missing_device_is_told():
    """Without a device the answer is a sentence and exit code 2, never a traceback."""
    from numba import cuda

    if cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(InputError, match="use --device cpu") as told:
        simulate([coin()], plan=plan(), device="gpu")
    assert told.value.exit_code == 2
