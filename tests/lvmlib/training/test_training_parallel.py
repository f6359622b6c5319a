"""Two processes under torchrun against one at the same batch: the same losses and weights to rounding (float64)."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from train_together import BROKEN, CASES, main
from training_cases import STAGES, intensities, small_model, small_run

from lvmlib.batch_share import Share, mean_over_batch, sharing, standard_normal
from lvmlib.training import read_log
from lvmlib.training.parallel import share_of

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The folder of one process and that of two."""
    alone, together = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("together")
    main(str(alone))
    small_run(
        small_model(dtype=torch.float64), intensities(torch.float64), stages=STAGES[:1], folder=together / "resumed"
    )
    root = HERE.parents[2]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(root), str(HERE)])}
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "127.0.0.1:0", str(HERE / "train_together.py"), str(together)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return alone, together


def told(path):
    return ast.literal_eval(path.read_text())


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case, both):
    """Sums in another order: 30 Adam steps of it stay within 1e-9 in float64."""
    alone, together = (folder / case for folder in both)
    bounds, held_out, n_clipped = told(alone / "process0.txt")
    for process in (0, 1):
        other_bounds, other_held_out, other_n_clipped = told(together / f"process{process}.txt")
        assert other_bounds == pytest.approx(bounds, rel=1e-9) and other_n_clipped == n_clipped
        if process == 0 and held_out[0] is not None:  # the first one evaluates
            assert other_held_out == pytest.approx(held_out, rel=1e-9)
        weights, other_weights = load_file(alone / "process0.safetensors"), load_file(together / f"process{process}.safetensors")
        for name, value in weights.items():
            torch.testing.assert_close(other_weights[name], value, rtol=1e-7, atol=1e-9)
    if case == "iwae":
        assert 0 < n_clipped < 30
        one, other = (load_file(folder / "ema.safetensors") for folder in (alone, together))
        torch.testing.assert_close(other, one, rtol=1e-7, atol=1e-9)
    assert [record.step for record in read_log(together)] == [6, 12, 18, 24, 30]


@pytest.mark.parametrize("name", BROKEN)
def test_processes_stop_together_with_one_error(name, both):
    """A NaN that one process alone has, or the first one's held-out data: all say the same, with the same weights put back."""
    alone, together = ((folder / name) for folder in both)
    expected = (alone / "process0.txt").read_text().replace(str(alone), "FOLDER")
    assert expected.startswith("step 18 (epoch 3" if name == "steps" else "step 6 (epoch 1")
    weights = [load_file(together / f"process{process}.safetensors") for process in (0, 1)]
    for process in (0, 1):
        assert (together / f"process{process}.txt").read_text().replace(str(together), "FOLDER") == expected
        assert all(torch.equal(one, weights[0][key]) for key, one in weights[process].items())


def test_shares_are_disjoint_and_whole(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    monkeypatch.setattr("lvmlib.training.parallel.world_size", lambda: 3)
    for n_rows in (1, 2, 3, 8, 100):
        rows = []
        for number in range(3):
            monkeypatch.setattr("lvmlib.training.parallel.rank", lambda number=number: number)
            share = share_of(n_rows, generator)
            assert 0 <= share.start < share.stop <= n_rows
            rows += list(range(share.start, share.stop))[: share.n_own]
        assert rows == list(range(n_rows))


def test_noise_of_shares_is_that_of_the_whole_batch():
    """Rows of (K, batch, n_latent), and of (batch, n_latent), from generators in step."""
    like = torch.zeros((), dtype=torch.float64)
    for shape in [(4, 10, 3), (10, 3)]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(6)
            whole = standard_normal(shape, like)
        parts = []
        for start, stop in [(0, 6), (6, 10)]:
            with sharing(Share(start, stop, 10, stop - start, torch.Generator().manual_seed(6))):
                parts.append(standard_normal((*shape[:-2], stop - start, 3), like))
        assert torch.equal(torch.cat(parts, dim=-2), whole)


def test_the_mean_of_a_batch_alone_is_its_mean():
    value = torch.randn(7, 3, generator=torch.Generator().manual_seed(2)).requires_grad_()
    torch.testing.assert_close(mean_over_batch(value), value.detach().mean(0))
    assert not mean_over_batch(value).requires_grad
