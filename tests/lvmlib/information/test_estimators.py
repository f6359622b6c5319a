"""Estimators of mutual information from scores: formulas, invariances, gradients, extreme scores, bad input."""

import math

import pytest
import torch
from torch.nn.functional import softplus

from lvmlib.information.conditional_bounds import club, contrastive_lower, leave_one_out_upper
from lvmlib.information.mutual_information import (
    ESTIMATORS,
    Mine,
    donsker_varadhan,
    info_nce,
    interpolated,
    jensen_shannon,
    jensen_shannon_objective,
    leave_one_out,
    nwj,
    off_diagonal,
    smile,
    tuba,
)
from lvmlib.information.scores import log_mean_exp_of_others

BASELINE = [0.4, -1.1, 0.9, 0.0, 2.0, -0.3, 0.6]
OF_SCORES = {
    **ESTIMATORS,
    "leave_one_out": leave_one_out,
    "interpolated 0.5": lambda scores: interpolated(scores, 0.5),
    "interpolated 1": lambda scores: interpolated(scores, 1.0),
    "interpolated 0": lambda scores: interpolated(scores, 0.0),
    "smile without a clip": lambda scores: smile(scores, None),
    "leave_one_out_upper": leave_one_out_upper,
    "contrastive_lower": contrastive_lower,
    "club": club,
    "mine": lambda scores: Mine()(scores),
}
DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


def some_scores(n=7, scale=2.0, seed=1, dtype=torch.float64):
    return scale * torch.randn(n, n, dtype=dtype, generator=torch.Generator().manual_seed(seed)) + torch.eye(n, dtype=dtype)


def others(scores):
    """The scores off the diagonal, by a mask: (batch (batch - 1),)."""
    return scores[~torch.eye(len(scores), dtype=torch.bool)]


def test_off_diagonal_is_the_matrix_without_its_diagonal():
    scores = some_scores(5)
    assert torch.equal(off_diagonal(scores).flatten(), others(scores))
    assert log_mean_exp_of_others(scores, None) == pytest.approx(others(scores).exp().mean().log().item())
    expected = torch.tensor([math.log(sum(math.exp(scores[i, j]) for i in range(5) if i != j) / 4) for j in range(5)])
    torch.testing.assert_close(log_mean_exp_of_others(scores, 0), expected.double())


def by_loops(scores):
    """Means over the batch, by the formulas of the docstrings, an element at a time."""
    n, f = len(scores), scores.tolist()
    pairs = sum(f[i][i] for i in range(n)) / n
    off = [f[i][j] for i in range(n) for j in range(n) if i != j]
    nce = sum(f[i][i] - math.log(sum(map(math.exp, f[i])) / n) for i in range(n)) / n
    alpha, total = 0.5, 0.0
    for i in range(n):
        left_out = [j for j in range(n) if j != i]
        for k in left_out:
            d = alpha * sum(math.exp(f[i][j]) for j in range(n) if j != k) / (n - 1) + (1 - alpha) * math.e
            total += (f[i][i] - math.log(d)) / (n * (n - 1))
        d = alpha * sum(math.exp(f[i][j]) for j in left_out) / (n - 1) + (1 - alpha) * math.e
        total -= sum(math.exp(f[i][j]) / d for j in left_out) / (n * (n - 1))
    return {
        "info_nce": nce,
        "nwj": pairs - sum(math.exp(one - 1) for one in off) / len(off),
        "jensen_shannon": 1 + pairs - sum(map(math.exp, off)) / len(off),
        "donsker_varadhan": pairs - math.log(sum(map(math.exp, off)) / len(off)),
        "mine": pairs - math.log(sum(map(math.exp, off)) / len(off)),
        "smile": pairs - math.log(sum(math.exp(max(-5, min(5, one))) for one in off) / len(off)),
        "interpolated 0.5": 1 + total,
        "leave_one_out": pairs - sum(math.log(sum(math.exp(f[i][j]) for j in range(n) if j != i) / (n - 1)) for i in range(n)) / n,
        "club": pairs - sum(off) / len(off),
    }


@pytest.mark.parametrize("name", by_loops(some_scores(3)))
def test_values_are_those_of_the_formulas(name):
    scores = 1.7 * some_scores()  # some are above 5, SMILE's clip
    assert scores.abs().max() > 5
    assert OF_SCORES[name](scores).mean == pytest.approx(by_loops(scores)[name], rel=1e-12)


@pytest.mark.parametrize("name", OF_SCORES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(name, dtype, device):
    scores = some_scores(dtype=dtype).to(device)
    found = OF_SCORES[name](scores).values
    assert found.shape == (7,) and found.dtype == dtype and found.device.type == device
    torch.testing.assert_close(found.double().cpu(), OF_SCORES[name](scores.double().cpu()).values, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", OF_SCORES)
def test_permuting_the_pairs_permutes_the_values(name):
    scores, order = some_scores(), torch.tensor([3, 0, 6, 5, 1, 2, 4])
    permuted = OF_SCORES[name](scores[order][:, order])
    torch.testing.assert_close(permuted.values, OF_SCORES[name](scores).values[order], rtol=1e-12, atol=1e-12)


WITHOUT_CONSTANTS = ["info_nce", "donsker_varadhan", "mine", "leave_one_out", "interpolated 1", "contrastive_lower", "club"]
DIFFERENTIABLE = ["info_nce", "nwj", "donsker_varadhan", "interpolated", "interpolated 0.5", "interpolated 1", "leave_one_out"]
STABLE = ["info_nce", "donsker_varadhan", "mine", "smile", "leave_one_out", "interpolated", "interpolated 0.5", "club"]


@pytest.mark.parametrize("name", WITHOUT_CONSTANTS)
def test_adding_a_constant_changes_nothing(name):
    scores = some_scores()
    torch.testing.assert_close(OF_SCORES[name](scores + 31.7).values, OF_SCORES[name](scores).values, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ["info_nce", "leave_one_out", "interpolated 1", "club"])
def test_rows_are_for_themselves(name):
    """Adding c(x) to a row changes nothing; changing other rows changes nothing in this one."""
    scores = some_scores()
    shifted = scores + torch.tensor(BASELINE, dtype=scores.dtype)[:, None]
    torch.testing.assert_close(OF_SCORES[name](shifted).values, OF_SCORES[name](scores).values, rtol=1e-12, atol=1e-12)
    changed = torch.cat([scores[:1], some_scores(seed=2)[1:]])
    assert torch.equal(OF_SCORES[name](changed).values[0], OF_SCORES[name](scores).values[0])


def test_tuba_with_a_baseline_of_1_is_nwj_and_the_baseline_shifts_with_the_row():
    scores, baseline = some_scores(), torch.tensor(BASELINE, dtype=torch.float64)
    torch.testing.assert_close(tuba(scores, torch.ones(7, dtype=torch.float64)).values, nwj(scores).values, rtol=1e-13, atol=0)
    torch.testing.assert_close(tuba(scores + baseline[:, None], baseline + 1).values, nwj(scores).values, rtol=1e-12, atol=1e-12)
    for estimator in (tuba, lambda s, b: interpolated(s, 0.0, b)):
        best = log_mean_exp_of_others(scores, 1)  # no baseline makes the value of this batch greater
        assert (estimator(scores, best).values >= estimator(scores, baseline).values).all()
        torch.testing.assert_close(estimator(scores, best).values, leave_one_out(scores).values, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_against_finite_differences(name):
    scores = some_scores(5).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: OF_SCORES[name](s).values, scores)
    assert torch.autograd.gradgradcheck(lambda s: OF_SCORES[name](s).mean, scores)


def test_gradient_of_the_baseline():
    scores, baseline = some_scores(5).requires_grad_(), torch.tensor(BASELINE[:5], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda s, b: tuba(s, b).values, (scores, baseline))
    assert torch.autograd.gradcheck(lambda s, b: interpolated(s, 0.3, b).values, (scores, baseline))


@pytest.mark.parametrize("estimator", [jensen_shannon, smile, lambda scores: smile(scores, 0.5)])
def test_jensen_shannon_and_smile_climb_the_f_gan_objective(estimator):
    """The gradient is that of -softplus(-f) on the pairs less softplus(f) on the others, which finite differences confirm."""
    scores = some_scores().requires_grad_()
    (found,) = torch.autograd.grad(estimator(scores).mean, scores)
    objective = -softplus(-scores.diagonal()).mean() - softplus(others(scores)).mean()
    torch.testing.assert_close(found, torch.autograd.grad(objective, scores)[0], rtol=1e-7, atol=1e-9)  # softplus's own threshold
    assert jensen_shannon_objective(scores).mean().item() == pytest.approx(objective.item(), rel=1e-8)
    assert torch.autograd.gradcheck(jensen_shannon_objective, some_scores(4).requires_grad_())


def test_mine_divides_by_the_running_mean():
    """Three batches by hand: the gradient is ∂f on the pairs less e^f ∂f / m, and m is the mean that decays."""
    mine, running = Mine(decay=0.8).double(), None
    for seed in (1, 2, 3):
        scores = some_scores(5, seed=seed).requires_grad_()
        estimate = mine(scores)
        (found,) = torch.autograd.grad(estimate.mean, scores)
        batch_mean = others(scores).exp().mean().item()
        running = batch_mean if running is None else 0.8 * running + 0.2 * batch_mean
        expected = -scores.detach().exp() / (20 * running)
        expected.diagonal().fill_(1 / 5)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
        assert torch.equal(estimate.values, donsker_varadhan(scores).values)
        assert mine.log_running_mean.exp() == pytest.approx(running, rel=1e-12)
    saved = Mine(decay=0.8).double()
    saved.load_state_dict(mine.state_dict())
    other = some_scores(5, seed=4).requires_grad_()
    first, second = (torch.autograd.grad(one.eval()(other).mean, other)[0] for one in (mine, saved))
    assert torch.equal(first, second)
    assert mine.log_running_mean.exp() == pytest.approx(running, rel=1e-12)  # evaluation takes nothing in
    assert not torch.allclose(first, torch.autograd.grad(donsker_varadhan(other).mean, other)[0])


def test_mine_without_memory_is_donsker_varadhan():
    mine = Mine(decay=0.0).double()
    for seed in (1, 2):
        scores = some_scores(seed=seed).requires_grad_()
        (found,) = torch.autograd.grad(mine(scores).mean, scores)
        torch.testing.assert_close(found, torch.autograd.grad(donsker_varadhan(scores).mean, scores)[0], rtol=1e-12, atol=1e-14)


def test_mines_gradient_is_less_biased():
    """Of ∂/∂c of f = c g: in 800 batches of 4 the value's own gradient is off by 5 standard errors and more, MINE's is not."""
    generator = torch.Generator().manual_seed(3)
    mine, pulls = Mine(decay=0.999).double(), {"mine": [], "donsker_varadhan": []}
    for step in range(1000):
        x = torch.randn(4, dtype=torch.float64, generator=generator)
        y = 0.6 * x + 0.8 * torch.randn(4, dtype=torch.float64, generator=generator)
        g = x[:, None] * y
        c = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        estimates = {"mine": mine(c * g), "donsker_varadhan": donsker_varadhan(c * g)}
        if step >= 200:  # the running mean has settled
            for name, estimate in estimates.items():
                pulls[name].append(torch.autograd.grad(estimate.mean, c)[0])
    # E[g] = 0.6; for independent x and y: E[e^{cxy}] = (1 - c²)^{-1/2}, so d ln E / dc = c / (1 - c²)
    exact = 0.6 - 0.5 / 0.75
    errors = {name: (torch.stack(one).mean() - exact) / (torch.stack(one).std() / 800**0.5) for name, one in pulls.items()}
    assert abs(errors["donsker_varadhan"]) > 5 and abs(errors["mine"]) < 4


@pytest.mark.parametrize("name", STABLE)
@pytest.mark.parametrize("sign", [-1, 1])
def test_scores_of_a_thousand_in_float32(name, sign):
    """Finite, and as in float64; so are the gradients."""
    scores = 1000 * torch.randn(6, 6, generator=torch.Generator().manual_seed(5)).clamp(-1, 1) + sign * 900 * torch.eye(6)
    single, double = scores.clone().requires_grad_(), scores.double().requires_grad_()
    found, expected = OF_SCORES[name](single), OF_SCORES[name](double)
    torch.testing.assert_close(found.values.double(), expected.values, rtol=1e-6, atol=1e-3)  # ulp of 1000 is 6e-5
    gradient = torch.autograd.grad(found.mean, single)[0].double()
    torch.testing.assert_close(gradient, torch.autograd.grad(expected.mean, double)[0], rtol=1e-3, atol=1e-6)


def test_exponentials_that_overflow():
    """NWJ's value is -inf where it is beyond the dtype; Jensen-Shannon's gradient is finite there."""
    scores = torch.full((3, 3), -900.0)
    assert torch.isfinite(nwj(scores).values).all()  # all exponentials underflow to 0
    scores[0, 2] = 900.0
    scores.requires_grad_()
    assert nwj(scores).values[0] == -math.inf and torch.isfinite(nwj(scores).values[1:]).all()
    estimate = jensen_shannon(scores)
    assert estimate.values[0] == -math.inf
    (gradient,) = torch.autograd.grad(estimate.mean, scores)
    assert torch.isfinite(gradient).all() and gradient[0, 2] == pytest.approx(-1 / 6)


def test_leave_one_out_means_where_one_score_holds_almost_all():
    """The rest of the sum is 1e-16 of it: subtraction alone would leave nothing."""
    scores = torch.tensor([[0.0, 40.0, 0.5], [1.0, 0.3, -0.2], [0.1, 0.7, 39.0]], dtype=torch.float64)
    f = scores.tolist()
    expected = [
        1 + sum(f[i][i] - math.log(sum(math.exp(f[i][j]) for j in range(3) if j != k) / 2) for k in range(3) if k != i) / 2 - 1
        for i in range(3)
    ]
    found = interpolated(scores, 1.0).values
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-13, atol=1e-13)


BAD_SCORES = [
    (torch.zeros(3, 4), "shape"),
    (torch.zeros(1, 1), "shape"),
    (torch.zeros(3), "shape"),
    (torch.zeros(0, 0), "shape"),
    (torch.zeros(3, 3, dtype=torch.int64), "floating"),
    ([[0.0, 1.0], [1.0, 0.0]], "floating"),
    (torch.tensor([[0.0, math.nan], [1.0, 2.0]]), "holds 1 .*NaN"),
    (torch.tensor([[0.0, math.inf], [-math.inf, 2.0]]), "holds 2 .*infinite"),
]


@pytest.mark.parametrize("name", OF_SCORES)
@pytest.mark.parametrize(("bad", "word"), BAD_SCORES)
def test_bad_scores(name, bad, word):
    """jaxtyping speaks first under pytest, of shapes and dtypes; values are ours to find."""
    with pytest.raises((ValueError, TypeError), match=f"(scores|log_conditional).*{word}|type|shape"):
        OF_SCORES[name](bad)
    if "holds" in word:
        with pytest.raises(ValueError, match=word):
            OF_SCORES[name](bad)


@pytest.mark.parametrize("alpha", [-0.1, 1.01, math.nan, "0.5"])
def test_bad_alpha(alpha):
    with pytest.raises((ValueError, TypeError), match="alpha"):
        interpolated(some_scores(3), alpha)


@pytest.mark.parametrize("clip", [0.0, -1.0, math.nan])
def test_bad_clip(clip):
    with pytest.raises(ValueError, match="clip must be a positive number or None"):
        smile(some_scores(3), clip)


@pytest.mark.parametrize("decay", [-0.1, 1.0, math.nan])
def test_bad_decay(decay):
    with pytest.raises(ValueError, match="decay"):
        Mine(decay)


def test_bad_baseline():
    for call in (tuba, lambda scores, baseline: interpolated(scores, 0.5, baseline)):
        with pytest.raises((ValueError, TypeError), match="log_baseline"):
            call(some_scores(3), torch.zeros(4, dtype=torch.float64))
        with pytest.raises(ValueError, match="log_baseline holds 1"):
            call(some_scores(3), torch.tensor([0.0, math.nan, 1.0], dtype=torch.float64))
