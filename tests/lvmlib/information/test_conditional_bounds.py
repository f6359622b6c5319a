"""ln q(y_j|x_i) of all pairs; formulas, laws and bad input of the bounds (expectations: test_estimators_by_enumeration)."""

import math

import pytest
import torch

from lvmlib.distributions import DiagonalGaussian
from lvmlib.information.conditional_bounds import (
    barber_agakov,
    club,
    club_of_pairs,
    club_sampled,
    contrastive_lower,
    leave_one_out_upper,
    negative_partners,
    variational_upper,
)
from lvmlib.information.gaussian import correlation_to_mutual_information
from lvmlib.information.pairwise_density import pairwise_log_prob
from lvmlib.networks import ToGaussian, perceptron

RHO, N_DIMENSIONS = 0.7, 2


def gaussian_pairs(n, seed=1):
    """y = ρ x + √(1 - ρ²) ε, and ln p(y_j|x_i)."""
    x, noise = torch.randn(2, n, N_DIMENSIONS, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    scale = math.sqrt(1 - RHO**2)
    conditional = DiagonalGaussian(RHO * x, torch.full_like(x, math.log(scale)))
    return x, RHO * x + scale * noise, conditional


def test_pairwise_log_prob_is_that_of_each_pair():
    _, y, conditional = gaussian_pairs(6)
    found = pairwise_log_prob(conditional, y)
    for i, j in [(0, 0), (1, 4), (5, 2)]:
        alone = DiagonalGaussian(conditional.mean[i], conditional.log_scale[i])
        assert found[i, j].item() == pytest.approx(alone.log_prob(y[j]).item(), rel=1e-13)


@pytest.mark.parametrize("chunk", [1, 4, 6, 50])
def test_pairwise_log_prob_in_chunks(chunk):
    """The same, and the same gradients of a network's parameters."""
    torch.manual_seed(2)
    network = ToGaussian(perceptron(2, (5,), 4)).double()
    x, y, _ = gaussian_pairs(6)
    found = []
    for some in (None, chunk):
        scores = pairwise_log_prob(network(x), y, some)
        found.append([scores, *torch.autograd.grad(contrastive_lower(scores).mean, network.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_with_the_true_conditional_each_is_on_its_side_on_gaussians():
    """300 batches of 5 pairs, I = 0.67 nats: beyond the truth by 4 standard errors on its own side, BA within 4 of it.

    BA with the true conditional has the expectation I, so the others are compared with it batch by batch.
    """
    truth = correlation_to_mutual_information(RHO, N_DIMENSIONS)
    entropy = N_DIMENSIONS * 0.5 * (1 + math.log(2 * math.pi))
    found = {name: [] for name in ("lower", "ba", "leave_one_out", "club", "club_sampled", "variational")}
    for seed in range(300):
        _, y, conditional = gaussian_pairs(5, seed)
        table = pairwise_log_prob(conditional, y)
        found["lower"].append(contrastive_lower(table).mean)
        found["ba"].append(barber_agakov(table.diagonal(), entropy).mean)
        found["leave_one_out"].append(leave_one_out_upper(table).mean)
        found["club"].append(club(table).mean)
        found["club_sampled"].append(club_sampled(table, seed).mean)
        wide = DiagonalGaussian(torch.zeros(2, dtype=torch.float64), torch.full((2,), math.log(1.3), dtype=torch.float64))
        found["variational"].append(variational_upper(table.diagonal(), wide.log_prob(y)).mean)
    found = {name: torch.stack(one) for name, one in found.items()}
    ba = found.pop("ba")
    assert abs(ba.mean() - truth) < 4 * ba.std() / 300**0.5
    beyond = {name: (one - ba).mean() / ((one - ba).std() / 300**0.5) for name, one in found.items()}
    assert beyond.pop("lower") < -4 and all(one > 4 for one in beyond.values()), beyond
    # CLUB = I + KL(p(x) p(y) || p(x, y)) = ρ²/(1 - ρ²) a dimension
    excess = found["club"] - N_DIMENSIONS * RHO**2 / (1 - RHO**2)
    assert excess.mean().abs() < 4 * excess.std() / 300**0.5


def test_negatives_are_never_the_partner_and_uniform():
    """Each of the 3 others a third of 8,000 times, within 5 standard errors: fails a right answer 1 time in 100,000."""
    drawn = torch.stack([negative_partners(4, seed) for seed in range(2000)])
    assert (drawn != torch.arange(4)).all() and drawn.min() == 0 and drawn.max() == 3
    steps = torch.bincount((drawn - torch.arange(4)).remainder(4).flatten(), minlength=4)[1:] / 8000
    assert ((steps - 1 / 3).abs() < 5 * math.sqrt(2 / 9 / 8000)).all()
    assert torch.equal(negative_partners(9, 3), negative_partners(9, 3))


def test_club_sampled_takes_the_partners_of_its_seed():
    table = torch.randn(6, 6, generator=torch.Generator().manual_seed(4))
    partners = negative_partners(6, 8)
    by_pairs = club_of_pairs(table.diagonal(), table[torch.arange(6), partners])
    assert torch.equal(club_sampled(table, 8).values, by_pairs.values)


def test_columns_contrast_over_x():
    """Adding c(y) to a column changes nothing: p(y) need not be known. Adding c(x) to a row does."""
    table = torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    shift = torch.tensor([0.3, -2.0, 1.0, 0.0, 4.0], dtype=torch.float64)
    for bound in (leave_one_out_upper, contrastive_lower):
        torch.testing.assert_close(bound(table + shift).values, bound(table).values, rtol=1e-12, atol=1e-12)
        assert (bound(table + shift[:, None]).values - bound(table).values).abs().max() > 0.1
    torch.testing.assert_close(contrastive_lower(table).values[2], table[2, 2] - table[:, 2].exp().mean().log())
    assert torch.autograd.gradcheck(lambda t: leave_one_out_upper(t).values, table.clone().requires_grad_())
    assert torch.autograd.gradcheck(lambda t: club(t).values, table.clone().requires_grad_())


def test_bad_input():
    row, table = torch.zeros(4), torch.zeros(3, 3)
    nan = torch.tensor([0.0, math.nan, 0.0, 1.0])
    with pytest.raises(ValueError, match="log_conditional holds 1"):
        barber_agakov(nan, 1.0)
    with pytest.raises((ValueError, TypeError), match="entropy"):
        barber_agakov(row, math.inf)
    with pytest.raises(ValueError, match="log_marginal holds 1"):
        variational_upper(row, nan)
    with pytest.raises((ValueError, TypeError), match="log_marginal"):
        variational_upper(row, torch.zeros(3))
    with pytest.raises(ValueError, match="log_conditional_of_negatives holds 1"):
        club_of_pairs(row, nan)
    for call in (leave_one_out_upper, club, lambda t, c: club_sampled(t, 0, c), lambda t, c: variational_upper(t[0], t[1], c)):
        with pytest.raises((ValueError, TypeError), match="conditional"):
            call(table, "exact")
    with pytest.raises((ValueError, TypeError), match="seed|random_state"):
        club_sampled(table, -1)
    with pytest.raises(ValueError, match="n must be at least 2"):
        negative_partners(1, 0)
    _, y, conditional = gaussian_pairs(4)
    with pytest.raises(ValueError, match="as many distributions as y"):
        pairwise_log_prob(conditional, y[:3])
    with pytest.raises(ValueError, match="chunk must be at least 1"):
        pairwise_log_prob(conditional, y, 0)
