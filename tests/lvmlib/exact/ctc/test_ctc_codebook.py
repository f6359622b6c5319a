"""EM of CTC with a table: monotone, ascent of one bound, and an end at which the likelihood is flat."""

import itertools
import math

import pytest
import torch
from ctc_paths import collapsed, log_sum

from lvmlib.em import expectation_maximization
from lvmlib.exact.ctc import CodebookCTC, LabelledCodes


def sequences(dtype=torch.int64) -> LabelledCodes:
    """60 sequences of up to 14 frames; codes 0 and 3 are mostly silence, 1, 2 and 4 mostly one label each."""
    generator = torch.Generator().manual_seed(8)
    frames, batch = 14, 60
    truth = torch.tensor(
        [
            [0.9, 0.04, 0.03, 0.03],
            [0.1, 0.8, 0.06, 0.04],
            [0.08, 0.1, 0.8, 0.02],
            [0.95, 0.02, 0.02, 0.01],
            [0.1, 0.02, 0.03, 0.85],
        ]
    )
    codes = torch.randint(5, (frames, batch), generator=generator)
    lengths = torch.randint(9, frames + 1, (batch,), generator=generator)
    z = torch.multinomial(truth[codes.flatten()], 1, generator=generator).reshape(frames, batch)
    labels = [collapsed(z[:length, n].tolist(), 0) for n, length in enumerate(lengths.tolist())]
    targets = torch.zeros(batch, max(map(len, labels)), dtype=torch.int64)
    for n, row in enumerate(labels):
        targets[n, : len(row)] = torch.tensor(row)
    return LabelledCodes(codes.to(dtype), lengths, targets, torch.tensor([len(row) for row in labels]))


def test_expected_counts_by_enumeration():
    x = LabelledCodes(
        torch.tensor([[0, 2], [1, 2], [1, 0], [2, 1], [0, 0]]),
        torch.tensor([5, 3]),
        torch.tensor([[1, 1], [2, 0]]),
        torch.tensor([2, 1]),
    )
    model = CodebookCTC(4, 2)
    model.initialize(x, torch.Generator().manual_seed(3))
    expected, marginal = torch.zeros(4, 3, dtype=torch.float64), []
    for n, length in enumerate([5, 3]):
        target = tuple(x.targets[n, : x.target_lengths[n]].tolist())
        codes = x.codes[:length, n].tolist()
        paths = [
            (z, sum(math.log(model.table_[v, c]) for v, c in zip(codes, z)))
            for z in itertools.product(range(3), repeat=length)
            if collapsed(z, 0) == target
        ]
        marginal.append(log_sum(w for _, w in paths))
        for z, w in paths:
            for v, c in zip(codes, z):
                expected[v, c] += math.exp(w - marginal[-1])
    statistics = model.expected_statistics(x)
    torch.testing.assert_close(statistics.values["counts"], expected, rtol=1e-12, atol=1e-14)
    assert statistics.elbo == pytest.approx(sum(marginal), rel=1e-13)
    before = model.table_
    model.maximize(statistics)
    torch.testing.assert_close(model.table_[:3], expected[:3] / expected[:3].sum(dim=1, keepdim=True))
    assert torch.equal(model.table_[3], before[3])  # no frame has code 3


@pytest.mark.parametrize("assignment", ["soft", "hard"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_bound_never_falls(assignment, dtype):
    x = sequences()
    model = CodebookCTC(5, 3, dtype=dtype)
    result = expectation_maximization(model, x, assignment=assignment, tolerance=1e-5, max_iterations=60, random_state=1)
    assert result.n_iterations > 3 and result.elbo[-1] > result.elbo[0] + 1
    assert (result.elbo.diff() > -14 * 8 * torch.finfo(dtype).eps).all()
    torch.testing.assert_close(model.table_.sum(dim=1), torch.ones(5, dtype=dtype))
    assert model.table_.dtype == dtype


def test_where_it_ends_the_likelihood_is_flat():
    """The gradient with respect to logits of the table: 0 at a maximum."""
    x = sequences()
    model = CodebookCTC(5, 3)
    result = expectation_maximization(model, x, tolerance=1e-12, max_iterations=2000, acceleration="squarem", random_state=1)
    assert result.converged
    logits = model.parameter_vector().reshape(5, 4).requires_grad_()
    model.table_ = logits.softmax(dim=1)
    (gradient,) = torch.autograd.grad(model.log_marginal(x).mean(), logits)
    # the bound is settled to 1e-12 nats: with curvatures near 1 the gradient is to about its root
    assert gradient.abs().max() < 1e-4


def test_both_steps_are_ascent_of_one_bound():
    x = sequences()
    model, other = CodebookCTC(5, 3), CodebookCTC(5, 3)
    generator = torch.Generator().manual_seed(2)
    model.initialize(x, generator)
    q = model.e_step(x)
    for _ in range(5):
        other.initialize(x, generator)
        another = other.e_step(x)
        bound = (another.classes * model.log_probs(x.codes)).sum(dim=(0, 2)) + another.entropy()
        assert (bound < q.elbo() + 1e-12).all()
    model.m_step(x, q)
    maximum = (q.classes * model.log_probs(x.codes)).sum()
    vector = model.parameter_vector()
    for _ in range(10):
        model.set_parameter_vector(vector + 1e-3 * torch.randn(20, generator=generator, dtype=torch.float64))
        assert (q.classes * model.log_probs(x.codes)).sum() < maximum


def test_stochastic_em_comes_near():
    x = sequences()
    soft, drawn = CodebookCTC(5, 3), CodebookCTC(5, 3)
    expectation_maximization(soft, x, tolerance=1e-8, max_iterations=300, random_state=1)
    drawn.initialize(x, torch.Generator().manual_seed(5))
    expectation_maximization(drawn, x, assignment="stochastic", max_iterations=60, random_state=1)
    uniform = CodebookCTC(5, 3)
    uniform.table_ = torch.full((5, 4), 0.25, dtype=torch.float64)
    best, reached, nothing = (float(m.log_marginal(x).mean()) for m in (soft, drawn, uniform))
    assert nothing < reached < best + 1e-6 and best - reached < 0.2 * (best - nothing)


def test_a_seed_reproduces():
    x = sequences()
    first, second, other = CodebookCTC(5, 3), CodebookCTC(5, 3), CodebookCTC(5, 3)
    for model, seed in [(first, 4), (second, 4), (other, 6)]:
        expectation_maximization(model, x, max_iterations=3, random_state=seed)
    assert torch.equal(first.table_, second.table_) and not torch.equal(first.table_, other.table_)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"codes": torch.tensor([[0, 5], [1, 0], [2, 0]])}, r"codes must lie in 0 \.\. 4, got 5 at frame 0 of example 1"),
        ({"codes": torch.tensor([[0, 4], [-1, 0], [2, 0]])}, "got -1 at frame 1 of example 0"),
        ({"targets": torch.tensor([[1, 4], [2, 0]])}, "targets of example 0 holds 4 at position 1"),
        ({"targets": torch.tensor([[1, 0], [2, 0]])}, "targets of example 0 holds 0 at position 1"),
        (
            {"targets": torch.tensor([[2, 2], [2, 0]]), "lengths": torch.tensor([2, 2])},
            "targets of example 0 need more frames than its 2",
        ),
    ],
)
def test_bad_input(change, complaint):
    given = {
        "codes": torch.tensor([[0, 4], [1, 0], [2, 0]]),
        "lengths": torch.tensor([3, 2]),
        "targets": torch.tensor([[1, 2], [2, 0]]),
        "target_lengths": torch.tensor([2, 1]),
        **change,
    }
    with pytest.raises(ValueError, match=complaint):
        expectation_maximization(CodebookCTC(5, 3), LabelledCodes(**given))
