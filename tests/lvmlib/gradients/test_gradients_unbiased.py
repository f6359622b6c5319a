"""Every estimator against the exact gradient of its bound, by quadrature and by enumeration.

A repeat is a row of the batch (see ``rowwise``). Means are compared within five standard errors of 40,000 repeats: with
some 500 components in all, right estimators fail with a chance of about 3e-4 over the whole file.
"""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
from rowwise import DECODER, FAR_FROM_THE_POSTERIOR, PRIOR_LAYER, X, Switches, copies, gradients, linear_gaussian

from lvmlib.bounds import elbo, iwae, renyi
from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing

N_REPEATS = 40_000
vimco = partial(score_function, derivative_baseline=False)


def gaussian(value, mean, log_scale):
    return -0.5 * ((value - mean) / log_scale.exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)


def parameters_of_one_row(n_layers):
    """The same numbers as ``linear_gaussian`` has in each row, by the same names."""
    layers = {f"encoder.{i}": FAR_FROM_THE_POSTERIOR[i] for i in range(n_layers)}
    layers |= {"decoder": DECODER} | ({"prior_layers.0": PRIOR_LAYER} if n_layers == 2 else {})
    return {
        f"{layer}.{name}": torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for layer, values in layers.items()
        for name, value in zip(("weight", "bias", "log_scale"), values)
    }


def log_w_by_hand(p, noise, score=True):
    """ln w of z = T(noise), noise (n_layers, ...): scalars z_1 (and z_2), nothing of the library.

    Without ``score`` ln q is a function of z alone: the path derivative.
    """

    def held(name):
        return p[name] if score else p[name].detach()

    def q(layer, before, value=None):
        mean = (p[f"{layer}.weight"][0] * before).sum(-1) + p[f"{layer}.bias"]
        drawn = mean + p[f"{layer}.log_scale"].exp() * value
        held_mean = (held(f"{layer}.weight")[0] * before).sum(-1) + held(f"{layer}.bias")
        return drawn, gaussian(drawn, held_mean, held(f"{layer}.log_scale"))

    lower, log_q = q("encoder.0", X, noise[0])
    log_p = gaussian(X, p["decoder.weight"][:, 0] * lower[..., None] + p["decoder.bias"], p["decoder.log_scale"]).sum(-1)
    standard = torch.zeros(1, dtype=torch.float64)
    if len(noise) == 1:
        return log_p + gaussian(lower, standard, standard) - log_q
    upper, log_q_upper = q("encoder.1", lower[..., None], noise[1])
    prior_mean = p["prior_layers.0.weight"][0, 0] * upper + p["prior_layers.0.bias"]
    log_p = log_p + gaussian(lower, prior_mean, p["prior_layers.0.log_scale"]) + gaussian(upper, standard, standard)
    return log_p - log_q - log_q_upper


def noise_grid(n_layers, n_samples, n_nodes):
    """Gauss-Hermite nodes of the standard normal in n_layers * n_samples dimensions: (n_layers, K, n), weights (n,)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    nodes, weights = torch.tensor(nodes), torch.tensor(weights / weights.sum())
    n_dimensions = n_layers * n_samples
    grid = torch.cartesian_prod(*[nodes] * n_dimensions).reshape(-1, n_dimensions)
    product = torch.cartesian_prod(*[weights] * n_dimensions).reshape(-1, n_dimensions).prod(dim=1)
    return grid.T.reshape(n_layers, n_samples, -1), product


def by_quadrature(n_layers, n_samples, bound, n_nodes, path_alone=False):
    """∇ E[L_K] of one row, each parameter; or the mean of the path derivative alone."""
    p = parameters_of_one_row(n_layers)
    noise, weights = noise_grid(n_layers, n_samples, n_nodes)
    log_w = log_w_by_hand(p, noise, score=not path_alone)
    value = log_w.mean(dim=0) if bound is elbo else torch.logsumexp(log_w, dim=0) - math.log(n_samples)
    return dict(zip(p, torch.autograd.grad((weights * value).sum(), p.values())))


def assert_mean(repeats, exact, label=""):
    """Within five standard errors, each component; 1e-9 is for those that no noise reaches."""
    for name, expected in exact.items():
        standard_error = repeats[name].std(dim=0) / math.sqrt(len(repeats[name]))
        error = (repeats[name].mean(dim=0) - expected).abs()
        assert (error <= 5 * standard_error + 1e-9).all(), f"{label} {name}: {(error / standard_error).flatten().tolist()}"


CASES = [  # layers, K, bound, nodes a dimension
    (1, 1, iwae, 40),
    (1, 2, iwae, 60),
    (1, 3, elbo, 12),
    (1, 3, iwae, 44),
    (2, 1, iwae, 40),
    (2, 2, iwae, 30),
]
EXACT = {}


def exact_gradient(case, **settings):
    key = (case, *settings)
    if key not in EXACT:
        EXACT[key] = by_quadrature(*case, **settings)
    return EXACT[key]


@pytest.mark.parametrize("case", [(1, 2, iwae, 60), (2, 2, iwae, 30)], ids=["one-layer", "two-layers"])
def test_the_quadrature_has_converged(case):
    """Four nodes fewer change no component by more than 2e-3, a tenth of five of the estimators' standard errors."""
    *rest, n_nodes = case
    coarser = by_quadrature(*rest, n_nodes - 4)
    for name, value in exact_gradient(case).items():
        torch.testing.assert_close(coarser[name], value, rtol=0, atol=2e-3)


def estimators_of(n_samples, bound):
    """The baseline of the score function needs two samples, and the bound of DReG is IWAE."""
    return (
        [reparameterized, sticking_the_landing]
        + ([doubly_reparameterized] if bound is iwae else [])
        + ([score_function, vimco] if n_samples > 1 else [])
    )


@pytest.mark.parametrize(
    ("case", "estimator"),
    [
        pytest.param(case, each, id=f"{case[0]}-layers-K{case[1]}-{case[2].__name__}-{getattr(each, '__name__', 'vimco')}")
        for case in CASES
        for each in estimators_of(case[1], case[2])
    ],
)
def test_the_mean_is_the_exact_gradient(case, estimator):
    n_layers, n_samples, bound, _ = case
    settings = {} if estimator is doubly_reparameterized else {"bound": bound}
    exact = exact_gradient(case)
    if estimator is sticking_the_landing and bound is iwae and n_samples > 1:  # biased, and by just the missing score
        plain, exact = exact, exact_gradient(case, path_alone=True)
        assert (plain["encoder.0.weight"] - exact["encoder.0.weight"]).abs().max() > 0.1
    model = linear_gaussian(n_layers, N_REPEATS)
    assert_mean(gradients(model, estimator(model, copies(N_REPEATS), n_samples, 3, **settings)), exact)


def test_the_gradient_of_the_elbo_in_closed_form():
    """ln p(x, z) is quadratic in z: E_q[ln p(x, z)] + H[q] is written down, and differentiated."""
    p = parameters_of_one_row(1)
    mean = (p["encoder.0.weight"][0] * X).sum() + p["encoder.0.bias"][0]
    variance = (2 * p["encoder.0.log_scale"][0]).exp()
    residual = X - p["decoder.weight"][:, 0] * mean - p["decoder.bias"]
    spread = p["decoder.weight"][:, 0] ** 2 * variance
    expected_log_likelihood = (
        -0.5 * (residual**2 + spread) * (-2 * p["decoder.log_scale"]).exp() - p["decoder.log_scale"] - 0.5 * math.log(2 * math.pi)
    ).sum()
    kl = 0.5 * (mean**2 + variance - 1) - p["encoder.0.log_scale"][0]
    closed = dict(zip(p, torch.autograd.grad(expected_log_likelihood - kl, p.values())))
    for name, value in exact_gradient((1, 3, elbo, 12)).items():
        torch.testing.assert_close(value, closed[name], rtol=1e-9, atol=1e-9)  # a check of the quadrature too


def enumerated_switches(n_samples, bound):
    """∇ of E[L_K] over all (2²)^K draws of K pairs of switches, of one row."""
    model = Switches(1)
    values = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 2)[:, None]  # (4, 1, 2)
    log_q = model.posterior(X[None]).log_prob(values)[:, 0]
    log_w = model.log_joint(X[None], values)[:, 0] - log_q
    total = 0.0
    for draws in itertools.product(range(4), repeat=n_samples):
        chosen = list(draws)
        total = total + log_q[chosen].sum().exp() * bound(log_w[chosen])
    names, parameters = zip(*model.named_parameters())
    return {name: gradient[0] for name, gradient in zip(names, torch.autograd.grad(total, parameters))}


BY_HAND = {  # of one example, log_w (K,)
    iwae: lambda log_w: log_w.exp().mean().log(),
    elbo: lambda log_w: log_w.mean(),
    partial(renyi, alpha=0.3): lambda log_w: log_w.exp().pow(0.7).mean().log() / 0.7,
}


@pytest.mark.parametrize("estimator", [score_function, vimco], ids=["both-baselines", "vimco"])
@pytest.mark.parametrize("n_samples", [2, 3])
@pytest.mark.parametrize("bound", BY_HAND, ids=["iwae", "elbo", "renyi"])
def test_discrete_z_against_enumeration(bound, n_samples, estimator):
    model = Switches(N_REPEATS)
    repeats = gradients(model, estimator(model, copies(N_REPEATS), n_samples, 4, bound=bound))
    assert_mean(repeats, enumerated_switches(n_samples, BY_HAND[bound]))
