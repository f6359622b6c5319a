"""The expectation of every estimator over all batches of small finite models, exactly, on its side of the exact I(X;Y)."""

import math

import pytest
import torch
from enumerated_batches import JOINTS, expectation, expectation_of_scores, joint_of, log_ratio, random_tables

from lvmlib.information.conditional_bounds import (
    barber_agakov,
    club,
    club_of_pairs,
    club_sampled,
    contrastive_lower,
    leave_one_out_upper,
    variational_upper,
)
from lvmlib.information.discrete import entropy, kl_divergence, mutual_information
from lvmlib.information.mutual_information import (
    ESTIMATORS,
    Mine,
    donsker_varadhan,
    info_nce,
    interpolated,
    jensen_shannon,
    leave_one_out,
    nwj,
    smile,
    tuba,
)

LOWER = {
    "nwj": nwj,
    "info_nce": info_nce,
    "jensen_shannon": jensen_shannon,
    "alpha 0.01": interpolated,
    "alpha 0.3": lambda scores: interpolated(scores, 0.3),
    "alpha 0.8": lambda scores: interpolated(scores, 0.8),
    "alpha 1": lambda scores: interpolated(scores, 1.0),
    "alpha 0": lambda scores: interpolated(scores, 0.0),
}
ROUNDING = 1e-12


@pytest.fixture(params=JOINTS)
def joint(request):
    return joint_of(request.param)


def critics(joint):
    """Random ones, and some near the best one, where the bounds have least room."""
    return torch.cat([random_tables(joint, 3, seed=1), log_ratio(joint) + random_tables(joint, 3, seed=2, scale=0.3)])


@pytest.mark.parametrize("name", LOWER)
@pytest.mark.parametrize("n_pairs", [2, 3])
def test_lower_bounds_are_never_above(joint, name, n_pairs):
    truth = mutual_information(joint)
    for critic in [*critics(joint), log_ratio(joint), 1 + log_ratio(joint)]:
        expected = expectation_of_scores(joint, n_pairs, critic, LOWER[name])
        assert expected <= truth + ROUNDING
        assert LOWER[name](critic[:, :2][:2]).side == "lower"


@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.9])
def test_the_interpolated_bound_holds_for_any_baseline(joint, alpha):
    truth = mutual_information(joint)
    generator = torch.Generator().manual_seed(5)
    for critic in critics(joint):
        baseline = torch.randn(joint.shape[0], dtype=joint.dtype, generator=generator)
        bound = expectation(joint, 3, lambda x, y: interpolated(critic[x][:, y], alpha, baseline[x]))
        assert bound <= truth + ROUNDING


def test_nwj_and_jensen_shannon_are_tight_at_their_critics(joint):
    """nwj at 1 + ln r, jensen_shannon at ln r, tuba at ln p(y|x) with the baseline ln Σ_y p(y) p(y|x)."""
    truth, best = mutual_information(joint), log_ratio(joint)
    assert expectation_of_scores(joint, 2, 1 + best, nwj) == pytest.approx(truth.item(), abs=1e-12)
    assert expectation_of_scores(joint, 3, best, jensen_shannon) == pytest.approx(truth.item(), abs=1e-12)
    shift = torch.tensor([0.7, -1.9, 0.4], dtype=joint.dtype)[: len(joint)]
    shifted = expectation(joint, 2, lambda x, y: tuba((best + shift[:, None])[x][:, y], shift[x]))
    assert shifted == pytest.approx(truth.item(), abs=1e-12)


def test_tuba_equals_its_published_expectation(joint):
    """1 + E[f - b] - E_{p(x)p(y)}[e^{f - b}], from the tables."""
    critic, baseline = random_tables(joint, 1, seed=3)[0], torch.tensor([0.3, -0.8, 0.5], dtype=joint.dtype)[: len(joint)]
    difference = critic - baseline[:, None]
    product = joint.sum(1, keepdim=True) * joint.sum(0)
    published = 1 + (joint * difference).sum() - (product * difference.exp()).sum()
    for n_pairs in (2, 3):
        found = expectation(joint, n_pairs, lambda x, y: tuba(critic[x][:, y], baseline[x]))
        assert found == pytest.approx(published.item(), abs=1e-12)


@pytest.mark.parametrize("alpha", [0.01, 0.4, 1.0])
def test_the_interpolated_bound_equals_its_published_expectation(joint, alpha):
    """1 + E ln[e^f/D] - E[e^f'/D'] with K = N - 1 samples in D, written out as sums over x and y_1 ... y_K."""
    critic, log_a = random_tables(joint, 1, seed=4)[0], torch.tensor([0.3, -0.8, 0.5], dtype=joint.dtype)[: len(joint)]
    p_x, p_y = joint.sum(1), joint.sum(0)
    weights = critic.exp()
    d = alpha * (weights[:, :, None] + weights[:, None, :]) / 2 + (1 - alpha) * log_a.exp()[:, None, None]  # (x, y_1, y_2)
    ratio = weights[:, :, None] / d
    first = torch.einsum("ab,c,abc->", joint, p_y, ratio.log())
    second = torch.einsum("a,b,c,abc->", p_x, p_y, p_y, ratio)
    found = expectation(joint, 3, lambda x, y: interpolated(critic[x][:, y], alpha, log_a[x]))
    assert found == pytest.approx((1 + first - second).item(), abs=1e-12)


def test_interpolation_ends_at_tuba_and_at_info_nce(joint):
    critic = random_tables(joint, 1, seed=6)[0]
    assert expectation_of_scores(joint, 3, critic, lambda s: interpolated(s, 0.0)) == pytest.approx(
        expectation_of_scores(joint, 2, critic, nwj).item(), abs=1e-12
    )
    assert expectation_of_scores(joint, 3, critic, lambda s: interpolated(s, 1.0)) == pytest.approx(
        expectation_of_scores(joint, 2, critic, info_nce).item(), abs=1e-12
    )


def test_info_nce_rises_with_the_number_of_pairs(joint):
    two, three = (expectation_of_scores(joint, n, log_ratio(joint), info_nce) for n in (2, 3))
    assert two < three < mutual_information(joint)


def test_those_on_no_side_are_on_both(joint):
    """A critic that puts Donsker-Varadhan, SMILE and leave-one-out above the truth, and one that puts them below."""
    truth = mutual_information(joint)
    for estimator in (donsker_varadhan, smile, leave_one_out):
        assert estimator(random_tables(joint, 1, seed=1)[0, :2, :2]).side == "neither"
        assert expectation_of_scores(joint, 2, 3 * log_ratio(joint).clamp(min=-3), estimator) > truth
        assert expectation_of_scores(joint, 2, -log_ratio(joint).clamp(min=-3), estimator) < truth


def test_the_registry_says_which_sides():
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    sides = {name: estimator(scores).side for name, estimator in ESTIMATORS.items()}
    assert sides == {
        "info_nce": "lower",
        "nwj": "lower",
        "interpolated": "lower",
        "jensen_shannon": "lower",
        "smile": "neither",
        "donsker_varadhan": "neither",
    }
    assert Mine()(torch.eye(3)).side == "neither"


def conditional_of(joint):
    """ln p(y|x), and three learned ones, random."""
    learned = random_tables(joint, 3, seed=7, scale=1.0).log_softmax(dim=-1)
    return (joint / joint.sum(1, keepdim=True)).clamp(min=1e-22).log(), learned


def test_barber_agakov(joint):
    """Exact with the true conditional; below by the mean KL with another."""
    true, learned = conditional_of(joint)
    truth, entropy_y = mutual_information(joint), entropy(joint.sum(0)).item()
    exact = expectation(joint, 2, lambda x, y: barber_agakov(true[x, y], entropy_y))
    assert exact == pytest.approx(truth.item(), abs=1e-12)
    for one in learned:
        gap = (joint.sum(1) * kl_divergence(joint / joint.sum(1, keepdim=True), one.exp())).sum()
        found = expectation(joint, 1, lambda x, y: barber_agakov(one[x, y], entropy_y))
        assert found == pytest.approx((truth - gap).item(), abs=1e-12) and barber_agakov(one[:, 0], 0.0).side == "lower"


def test_variational_upper(joint):
    """Above by KL(p(y) || r(y))."""
    true, _ = conditional_of(joint)
    for log_r in random_tables(joint, 3, seed=8)[:, 0].log_softmax(dim=-1):
        found = expectation(joint, 2, lambda x, y: variational_upper(true[x, y], log_r[y]))
        gap = kl_divergence(joint.sum(0), log_r.exp())
        assert found == pytest.approx((mutual_information(joint) + gap).item(), abs=1e-12)
    assert variational_upper(true[:, 0], true[:, 0]).side == "upper"
    assert variational_upper(true[:, 0], true[:, 0], "learned").side == "neither"


def test_leave_one_out_and_its_twin_sandwich_the_truth(joint):
    true, learned = conditional_of(joint)
    truth = mutual_information(joint)
    if (joint == 0).any():
        true = true.clamp(min=-30)  # the upper bound is infinite there but for the clamp
    lower = [expectation_of_scores(joint, n, true, contrastive_lower) for n in (2, 3)]
    upper = [expectation_of_scores(joint, n, true, leave_one_out_upper) for n in (2, 3)]
    assert lower[0] < lower[1] < truth < upper[1] < upper[0]
    for one in learned:
        assert expectation_of_scores(joint, 3, one, contrastive_lower) <= truth + ROUNDING
    assert leave_one_out_upper(true[:2, :2]).side == "upper" and contrastive_lower(true[:2, :2]).side == "lower"
    assert leave_one_out_upper(true[:2, :2], "learned").side == "neither"


def test_club_is_above_by_the_reversed_divergence(joint):
    """I + KL(p(x) p(y) || p(x, y)) for every N; with a learned q the difference of divergences from q decides."""
    true, learned = conditional_of(joint)
    true = true.clamp(min=-30)
    truth, p_x, p_y = mutual_information(joint), joint.sum(1), joint.sum(0)
    product = (p_x[:, None] * p_y).flatten()
    for conditional in [true, *learned]:
        q = conditional + p_x.log()[:, None]

        def from_q(p):
            return (torch.special.xlogy(p, p) - p * q.flatten()).sum()

        predicted = truth + from_q(product) - from_q(joint.flatten())
        for n_pairs in (2, 3):
            assert expectation_of_scores(joint, n_pairs, conditional, club) == pytest.approx(predicted.item(), abs=1e-11)
        with_positive = expectation_of_scores(joint, 3, conditional, lambda s: club(s, positive_among_negatives=True))
        assert with_positive == pytest.approx(2 / 3 * predicted.item(), abs=1e-11)
    assert expectation_of_scores(joint, 2, true, club) > truth
    assert club(true[:2, :2]).side == "upper"
    assert club(true[:2, :2], "learned").side == club(true[:2, :2], positive_among_negatives=True).side == "neither"


def test_club_with_the_positive_among_the_negatives_can_be_below():
    """Two pairs: half of I + KL(p(x) p(y) || p(x, y)), and here the reversed divergence is the smaller."""
    joint = torch.tensor([[0.02, 0.01], [0.14, 0.83]], dtype=torch.float64)
    conditional = (joint / joint.sum(1, keepdim=True)).log()
    found = expectation_of_scores(joint, 2, conditional, lambda s: club(s, positive_among_negatives=True))
    assert found < mutual_information(joint) < expectation_of_scores(joint, 2, conditional, club)


def test_a_learned_club_can_be_below():
    joint = joint_of("2x3")
    wrong = torch.tensor([[0.1, 0.5, 0.4], [0.6, 0.1, 0.3]], dtype=torch.float64).log()
    assert expectation_of_scores(joint, 2, wrong, club) < mutual_information(joint)


def test_sampled_club_has_the_expectation_of_club():
    """2,000 draws of negatives: within 4 standard errors, which fails a right answer 1 time in 16,000."""
    scores = 2 * torch.randn(7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    generator = torch.Generator().manual_seed(10)
    draws = torch.stack([club_sampled(scores, generator).mean for _ in range(2000)])
    assert abs(draws.mean() - club(scores).mean) < 4 * draws.std() / 2000**0.5
    assert club_sampled(scores, 3).side == "upper" and club_sampled(scores, 3, "learned").side == "neither"
    assert torch.equal(club_sampled(scores, 3).values, club_sampled(scores, 3).values)
    pairs = club_of_pairs(scores.diagonal(), scores[0], "learned")
    assert torch.equal(pairs.values, scores.diagonal() - scores[0]) and pairs.side == "neither"


@pytest.mark.parametrize("n", [2, 5])
def test_ceilings(n):
    """ln N, of InfoNCE and of its twin; 1 + ln((N - 1)/α) of the interpolated bound: reached by a perfect critic, never passed."""
    perfect = 1e4 * torch.eye(n, dtype=torch.float64)
    for estimate in (info_nce(perfect), contrastive_lower(perfect)):
        assert estimate.mean == pytest.approx(math.log(n)) and (estimate.values <= math.log(n) + 1e-12).all()
    for alpha in (0.01, 0.5):
        ceiling = 1 + math.log((n - 1) / alpha)
        # e^f off the diagonal is far below the baseline, so that the second term is 0
        assert interpolated(perfect - 5e3, alpha, torch.zeros(n, dtype=torch.float64)).mean == pytest.approx(ceiling)
        generator = torch.Generator().manual_seed(11)
        for scale in (0.1, 3.0, 30.0):
            values = interpolated(scale * torch.randn(n, n, dtype=torch.float64, generator=generator), alpha).values
            assert (values <= ceiling + 1e-12).all()
    assert interpolated(perfect, 1.0).mean == pytest.approx(math.log(n - 1), abs=1e-12)
