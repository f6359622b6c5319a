"""Data in chunks: gone through again and again, and the same to EM as data in one piece."""

import numpy as np
import pytest
import torch
from poisson_mixture import NOTICES, PoissonMixture

from lvmlib.chunks import Chunks
from lvmlib.em import Statistics, expectation_maximization, total_statistics


@pytest.mark.parametrize("kind", ["tensor", "array", "file", "function"])
def test_every_source_gives_all_rows_in_order_each_time(kind, tmp_path):
    x = torch.arange(35.0, dtype=torch.float64).reshape(7, 5)
    if kind == "file":
        np.save(tmp_path / "x.npy", x.numpy())
    source = {"tensor": x, "array": x.numpy(), "file": tmp_path / "x.npy", "function": lambda: iter([x[:3], x[3:].numpy()])}
    chunks = Chunks(source[kind], rows=3)
    for _ in range(2):
        found = list(chunks)
        assert torch.equal(torch.cat(found), x)
        assert [len(chunk) for chunk in found] == ([3, 4] if kind == "function" else [3, 3, 1])
    assert torch.equal(chunks.first(), x[:3])


def test_bad_sources():
    with pytest.raises(TypeError, match="source .* generator"):
        Chunks(number for number in range(3))
    with pytest.raises(ValueError, match="rows"):
        Chunks(NOTICES, rows=0)
    with pytest.raises(ValueError, match="source gave no chunk"):
        Chunks(lambda: iter([])).first()
    with pytest.raises(ValueError, match="no chunk"):
        total_statistics(PoissonMixture(), Chunks(lambda: iter([])))


def test_em_on_chunks_is_em():
    whole, parts = PoissonMixture(), PoissonMixture()
    settings = {"tolerance": 1e-9, "max_iterations": 40}
    expected = expectation_maximization(whole, NOTICES, **settings)
    found = expectation_maximization(parts, Chunks(NOTICES, rows=101), **settings)
    # sums in another order: the rounding of 1,096 terms
    torch.testing.assert_close(found.elbo, expected.elbo, rtol=1e-13, atol=0)
    torch.testing.assert_close(parts.rates_, whole.rates_, rtol=1e-12, atol=0)


def test_statistics_add_up_and_scale():
    elbo = torch.tensor([-1.5, 2.0, -0.25])
    a = Statistics.of(elbo, counts=torch.tensor([1.0, 2.0]))
    assert (a.n_examples, a.elbo, a.magnitude) == (3, 0.25, 3.75) and a.eps == torch.finfo(torch.float32).eps
    b = a + a.scaled(0.5)
    assert (b.n_examples, b.elbo, b.magnitude, b.values["counts"].tolist()) == (4.5, 0.375, 5.625, [1.5, 3.0])
