"""The benchmark's protocol draws what it says, and its check finds what contradicts theory."""

import math

import pytest
import torch
from mutual_information_gaussians import check_sides, figure, table
from mutual_information_peers import PLAIN, PlainConcatenated, PlainSeparable, club_info_nce
from mutual_information_protocol import LEVELS, OfTrueConditional, draw, entropy_of_y, evaluated, mixing

from lvmlib.information.critics import ConcatenatedCritic, SeparableCritic
from lvmlib.information.mutual_information import ESTIMATORS, info_nce


def row(estimator, critic, side, bias, greatest=0.0):
    return {
        "estimator": estimator,
        "critic": critic,
        "side": side,
        "variant": "gaussian",
        "information": 6.0,
        "mean": 6 + bias,
        "bias": bias,
        "bias_standard_error": 0.01,
        "standard_deviation": 0.2,
        "greatest": greatest,
        "n_batches": 400,
        "n_not_finite": 0,
        "n_steps": 4000,
    }


def test_the_check_finds_the_wrong_side_only():
    true, learned = "true conditional", "learned conditional"
    fine = [
        row("info_nce", "separable", "lower", -1.9, greatest=math.log(64)),
        row("club", true, "upper", 3.0),
        row("club", learned, "neither", -3.0),
        row("barber_agakov", true, "lower", 0.039),
        row("contrastive_lower", true, "lower", -2.0, greatest=4.1),
    ]
    assert check_sides(fine) == []
    wrong = [
        row("info_nce", "separable", "lower", -1.0, greatest=4.17),
        row("club", true, "upper", -0.05),
        row("barber_agakov", true, "lower", -0.05),
        row("contrastive_lower", true, "lower", 0.05),
    ]
    found = check_sides([*fine, *wrong])
    assert len(found) == 4 and "above ln 64" in found[0] and "upper bound below" in found[1] and "should be the truth" in found[2]


def test_table_and_figure(tmp_path):
    cells = [(critic, level) for critic in ("separable", "concatenated") for level in LEVELS]
    rows = [{**row("nwj", critic, "lower", -0.1), "information": level} for critic, level in cells]
    rows[3] |= {"n_not_finite": 2}
    text = table(rows)
    assert text.count("| nwj | lower |") == 2 and "| -0.10 (0.20) *2 |" in text and "400 fresh batches" in text
    figure(rows, tmp_path / "figure.svg")
    assert "<svg" in (tmp_path / "figure.svg").read_text()


def test_the_pairs_have_the_correlation_that_gives_the_information():
    """Of 64,000 numbers: within 5 standard errors, (1 - ρ²)/√n."""
    generator, w = torch.Generator().manual_seed(0), mixing()
    drawn = [draw(6.0, "gaussian", generator, w) for _ in range(50)]
    x, y = (torch.cat([getattr(one, name) for one in drawn]).flatten() for name in ("x", "y"))
    rho = drawn[0].correlation
    assert -10 * math.log(1 - rho**2) == pytest.approx(6.0)
    assert abs(torch.corrcoef(torch.stack([x, y]))[0, 1] - rho) < 5 * (1 - rho**2) / len(x) ** 0.5
    cubic = draw(6.0, "cubic", torch.Generator().manual_seed(0), w)
    torch.testing.assert_close(cubic.y, (drawn[0].gaussian_y @ w.T) ** 3)
    assert torch.equal(cubic.gaussian_y, drawn[0].y)


def test_entropy_of_the_cubes():
    """H(Y) = -E ln p(y) by 20,000 draws: ln p((W y)³) = ln N(y) - ln |det W| - Σ ln 3 (W y)²; within 4 standard errors."""
    w = mixing()
    y = torch.randn(20_000, 20, generator=torch.Generator().manual_seed(1))
    z = (y @ w.T).double()
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(y).double().sum(1)
    log_p = log_p - torch.linalg.slogdet(w.double()).logabsdet - (3 * z.square()).log().sum(1)
    assert abs(-log_p.mean() - entropy_of_y("cubic", w)) < 4 * log_p.std() / 20_000**0.5


def test_bounds_of_the_true_conditional_are_on_their_sides():
    """40 batches; BA within 4 of its standard errors."""
    rows = evaluated(OfTrueConditional(), 4.0, "gaussian", 40, torch.Generator().manual_seed(2), mixing(), 0)
    rows = [{**one, "critic": "true conditional", "variant": "both"} for one in rows]
    assert check_sides(rows) == [] and len(rows) == 6


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(("ours", "plain"), [(SeparableCritic, PlainSeparable), (ConcatenatedCritic, PlainConcatenated)])
def test_the_peers_compute_the_same(name, ours, plain):
    """Value and gradient, in float64; a peer's constants are float32."""
    torch.manual_seed(3)
    critic = ours(3, 2, (9, 7)).double()
    other = plain(critic).double()
    x, y = torch.randn(6, 3, dtype=torch.float64), torch.randn(6, 2, dtype=torch.float64)
    found = []
    for value, model in [(ESTIMATORS[name](critic(x, y)).mean, critic), (PLAIN[name](other(x, y)), other)]:
        found.append([value, *torch.autograd.grad(value, list(model.parameters()))])
    for one, another in zip(*found, strict=True):
        torch.testing.assert_close(one, another, rtol=1e-6, atol=1e-6)


def test_clubs_info_nce_is_the_same():
    torch.manual_seed(4)
    critic = ConcatenatedCritic(3, 2, (9, 7))
    x, y = torch.randn(6, 3), torch.randn(6, 2)
    torch.testing.assert_close(club_info_nce(PlainConcatenated(critic), x, y), info_nce(critic(x, y)).mean)
