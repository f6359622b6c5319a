"""Entropies and mutual information of tables, and of Gaussians: against sums, SciPy and quadrature; laws; bad input."""

import math

import pytest
import torch
from scipy.stats import entropy as scipy_entropy
from scipy.stats import multivariate_normal

from lvmlib.information.discrete import (
    conditional_entropy,
    entropy,
    joint_entropy,
    joint_frequencies,
    kl_divergence,
    mutual_information,
)
from lvmlib.information.gaussian import (
    correlation_to_mutual_information,
    gaussian_mutual_information,
    mutual_information_to_correlation,
)

JOINT = torch.tensor([[0.1, 0.22, 0.08], [0.35, 0.0, 0.25]], dtype=torch.float64)
COVARIANCE = torch.tensor([[2.0, 0.3, 0.9], [0.3, 1.1, -0.4], [0.9, -0.4, 1.7]], dtype=torch.float64)


def tables(shape, seed=1):
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_against_scipy(dtype):
    joint = JOINT.to(dtype)
    tolerance = {"rel": 1e-6 if dtype == torch.float32 else 1e-13}
    p_x, p_y = JOINT.sum(1), JOINT.sum(0)
    assert entropy(joint.sum(0)).item() == pytest.approx(scipy_entropy(p_y), **tolerance)
    assert joint_entropy(joint).item() == pytest.approx(scipy_entropy(JOINT.flatten()), **tolerance)
    product = torch.outer(p_x, p_y).flatten()
    exact = scipy_entropy(JOINT.flatten(), product)
    assert mutual_information(joint).item() == pytest.approx(exact, **tolerance)
    assert kl_divergence(joint.flatten(), product.to(dtype)).item() == pytest.approx(exact, **tolerance)
    given_y = sum(p_y[b] * scipy_entropy(JOINT[:, b]) for b in range(3))
    given_x = sum(p_x[a] * scipy_entropy(JOINT[a]) for a in range(2))
    assert conditional_entropy(joint).item() == pytest.approx(given_y.item(), **tolerance)
    assert conditional_entropy(joint, "x").item() == pytest.approx(given_x.item(), **tolerance)
    assert mutual_information(joint).dtype == dtype


def test_laws_on_a_batch_of_random_tables():
    """I = H(X) - H(X|Y) = H(Y) - H(Y|X) = H(X) + H(Y) - H(X, Y) >= 0, symmetric; each table for itself."""
    joint = tables((50, 4, 3))
    joint = joint / joint.sum((1, 2), keepdim=True)
    h_x, h_y, information = entropy(joint.sum(2)), entropy(joint.sum(1)), mutual_information(joint)
    assert information.shape == (50,) and (information > 0).all()
    for other in (
        h_x - conditional_entropy(joint),
        h_y - conditional_entropy(joint, "x"),
        h_x + h_y - joint_entropy(joint),
        mutual_information(joint.mT),
    ):
        torch.testing.assert_close(other, information, rtol=1e-11, atol=1e-13)
    assert (conditional_entropy(joint) <= h_x).all()
    torch.testing.assert_close(mutual_information(joint[7]), information[7])
    torch.testing.assert_close(mutual_information(joint[:, [2, 0, 3, 1]][:, :, [1, 2, 0]]), information)


def test_processing_loses_information():
    """X - Y - Z a Markov chain: I(X;Z) <= I(X;Y)."""
    joint = tables((20, 3, 4), seed=2)
    joint = joint / joint.sum((1, 2), keepdim=True)
    channel = tables((4, 5), seed=3)
    channel = channel / channel.sum(1, keepdim=True)
    assert (mutual_information(joint @ channel) < mutual_information(joint)).all()
    torch.testing.assert_close(mutual_information(joint[..., [3, 1, 0, 2]]), mutual_information(joint))


def test_zeros_and_limits():
    identity = torch.diag(torch.tensor([0.2, 0.5, 0.3]))
    assert conditional_entropy(identity).item() == 0
    assert mutual_information(identity) == pytest.approx(entropy(torch.tensor([0.2, 0.5, 0.3])).item(), rel=1e-6)
    assert entropy(torch.tensor([0.0, 1.0, 0.0])) == 0
    assert kl_divergence(torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0])) == math.inf
    assert kl_divergence(torch.tensor([1.0, 0.0]), torch.tensor([0.25, 0.75])) == pytest.approx(math.log(4))
    independent = torch.outer(torch.tensor([0.2, 0.8]), torch.tensor([0.1, 0.3, 0.6])).double()
    independent = independent / independent.sum()
    assert mutual_information(independent).abs() < 1e-14
    assert entropy(torch.full((8,), 1 / 8)) == pytest.approx(math.log(8))


def test_gradients():
    """Of tables that are softmaxes, so that they stay tables."""
    logits = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(4), requires_grad=True)
    for function in (mutual_information, joint_entropy, conditional_entropy):
        assert torch.autograd.gradcheck(lambda a: function(a.flatten().softmax(0).view(3, 4)), logits)  # noqa: B023


@pytest.mark.parametrize("function", [joint_entropy, conditional_entropy, mutual_information, entropy])
@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ([[0.5, -0.1], [0.3, 0.3]], "negative"),
        ([[0.5, math.nan], [0.2, 0.3]], "NaN"),
        ([[0.5, math.inf], [0.2, 0.3]], "infinite"),
        ([[0.5, 0.1], [0.2, 0.3]], "sum to 1"),
    ],
)
def test_bad_tables(function, bad, word):
    with pytest.raises(ValueError, match=word):
        function(torch.tensor(bad, dtype=torch.float64))


def test_bad_kinds_of_tables():
    for bad in (torch.tensor([[1, 0]]), [[0.5, 0.5]], torch.ones(2, 0), torch.tensor(1.0)):
        with pytest.raises((TypeError, ValueError), match="joint|type"):
            mutual_information(bad)
    with pytest.raises((TypeError, ValueError), match="given|type"):
        conditional_entropy(JOINT, "z")
    with pytest.raises((TypeError, ValueError), match="shape|type"):
        kl_divergence(torch.tensor([0.5, 0.5]), torch.tensor([0.2, 0.3, 0.5]))


def test_gaussians_against_scipys_entropies():
    """H(X) + H(Y) - H(X, Y), for X the first and X the first two coordinates."""
    h = multivariate_normal(cov=COVARIANCE.numpy()).entropy()
    for n_x in (1, 2):
        parts = [multivariate_normal(cov=part.numpy()).entropy() for part in (COVARIANCE[:n_x, :n_x], COVARIANCE[n_x:, n_x:])]
        assert gaussian_mutual_information(COVARIANCE, n_x).item() == pytest.approx(sum(parts) - h, rel=1e-12)


def test_correlations_both_ways():
    rho, d = 0.6, 3
    covariance = torch.eye(2 * d, dtype=torch.float64)
    covariance[range(d), range(d, 2 * d)] = covariance[range(d, 2 * d), range(d)] = rho
    exact = correlation_to_mutual_information(rho, d)
    assert gaussian_mutual_information(covariance, d).item() == pytest.approx(exact, rel=1e-12)
    assert correlation_to_mutual_information(-rho) == pytest.approx(exact / 3)
    for information in (0.0, 1e-9, 2.0, 10.0):
        back = mutual_information_to_correlation(information, 20)
        assert correlation_to_mutual_information(back, 20) == pytest.approx(information, rel=1e-9)


def test_invariance_to_maps_of_x_and_of_y():
    """I(AX; BY) = I(X; Y) for invertible A and B; a batch of covariances."""
    a = torch.block_diag(torch.tensor([[1.0, 0.5], [-0.3, 2.0]]), torch.tensor([[-3.0]])).double()
    both = torch.stack([COVARIANCE, a @ COVARIANCE @ a.T])
    one, other = gaussian_mutual_information(both, 2)
    assert one.item() == pytest.approx(other.item(), rel=1e-12)
    assert torch.autograd.gradcheck(
        lambda s: gaussian_mutual_information((s + s.mT) / 2, 1), COVARIANCE.clone().requires_grad_()
    )


@pytest.mark.parametrize(
    ("covariance", "n_x", "word"),
    [
        (torch.tensor([[1.0, 0.2], [0.3, 1.0]]), 1, "symmetric"),
        (torch.tensor([[1.0, 1.0], [1.0, 1.0]]), 1, "positive definite"),
        (torch.tensor([[0.0, 0.0], [0.0, 1.0]]), 1, "constant"),
        (torch.tensor([[1.0, math.nan], [math.nan, 1.0]]), 1, "NaN"),
        (torch.eye(2), 2, "n_x must be below"),
        (torch.eye(2), 0, "n_x must be at least 1"),
        (torch.eye(2)[:1], 1, "shape"),
        (torch.eye(2, dtype=torch.int64), 1, "float32 or float64|type"),
    ],
)
def test_bad_covariances(covariance, n_x, word):
    with pytest.raises((ValueError, TypeError), match=f"{word}|type"):
        gaussian_mutual_information(covariance, n_x)


def test_bad_correlations():
    for bad in (1.0, -1.0, 1.5):
        with pytest.raises(ValueError, match="correlation must be in"):
            correlation_to_mutual_information(bad)
    with pytest.raises(ValueError, match="at least 0"):
        mutual_information_to_correlation(-0.1)
    with pytest.raises(ValueError, match="n_dimensions"):
        mutual_information_to_correlation(0.1, 0)


def test_frequencies_of_pairs_of_codes():
    x, y = torch.tensor([0, 1, 1, 0, 1]), torch.tensor([2, 0, 0, 2, 1])
    expected = torch.tensor([[0, 0, 2], [2, 1, 0], [0, 0, 0]]).double() / 5
    assert torch.equal(joint_frequencies(x, y, 3, 3), expected)
    for bad in ((x.float(), y, 3, 3), (x, y, 1, 3), (x, y[:4], 3, 3), (x[None], y, 3, 3)):
        with pytest.raises((TypeError, ValueError), match="x must be|x and y must pair"):
            joint_frequencies(*bad)
