"""Training through torch.compile: the gradient and the random numbers of a run that isn't compiled, gone on with either way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from training_cases import small_model, small_run

from lvmlib.training.compiled import check_backend

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What compiled_runs.py found."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(HERE.parents[2]), str(HERE)])}
    command = [sys.executable, str(HERE / "compiled_runs.py"), str(tmp_path_factory.mktemp("run"))]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout.splitlines()[-1])


def test_bound_gradient_and_random_numbers_are_the_same(told):
    """To the bit, with backends that only follow what is computed: batches of two sizes, a KL that warms up."""
    assert told["whole graph"]["same"] and told["elbo"]["same"] and told["flows"]["same"]


def test_all_of_the_objective_is_one_graph(told):
    """Of free bits, drawing included: one for each of the settings that differ in more than numbers, and nothing left out."""
    assert told["whole graph"]["breaks"] == 0 and 1 <= told["whole graph"]["n_graphs"] <= 4
    assert told["flows"]["breaks"] == 0 and told["flows"]["n_graphs"] == 1
    assert told["large products"]


def test_a_run_is_the_same_and_may_be_gone_on_with_either_way(told):
    assert told["run"] and told["gone on with"]


def test_with_products_in_bfloat16(told):
    assert told["bfloat16"]


def test_bad_input():
    with pytest.raises(ValueError, match="compile must be one of 'inductor', 'aot_eager', 'eager', got 'fast'"):
        small_run(small_model(), compile="fast")
    with pytest.raises(TypeError, match="compile must be a bool or the name of a backend, got int"):
        check_backend(1, 1)
    with pytest.raises(ValueError, match="compile needs a single process, got 2"):
        check_backend(True, 2)
    check_backend(False, 2)
