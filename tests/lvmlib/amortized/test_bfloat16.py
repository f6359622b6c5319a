"""Hierarchies trained with products in bfloat16: what is float32 stays so, and the bound is nearly that of full precision."""

from __future__ import annotations

import pytest
import torch

from lvmlib.amortized.bidirectional_convolutional import convolutional_bidirectional_vae
from lvmlib.amortized.biva_architectures import bernoulli_biva, convolutional_biva
from lvmlib.amortized.hierarchical import bernoulli_ladder
from lvmlib.amortized.hierarchical_architectures import convolutional_ladder, residual_ladder
from lvmlib.amortized.inverse_autoregressive_architectures import bidirectional_vae, inverse_autoregressive_vae
from lvmlib.objectives import analytic_elbo
from lvmlib.training import Stage, products_in_bfloat16, train

N_FEATURES, BATCH = 49, 48
ROUNDING = 2**-8
"""Of one bfloat16 number, which has 8 significant bits."""
MADE = {
    "ladder": lambda: bernoulli_ladder(N_FEATURES, (6, 4, 3), 9, "tanh", random_state=0),
    "residual": lambda: residual_ladder(N_FEATURES, (6, 4, 3), 9, 1, random_state=0),
    "convolutional": lambda: convolutional_ladder(7, (4, 2), (2, 3), 5, 3, random_state=0),
    "flow": lambda: inverse_autoregressive_vae(N_FEATURES, 5, (9, 8), 2, (7,), 3, random_state=0),
    "bidirectional-flows": lambda: bidirectional_vae(N_FEATURES, (6, 4, 3), 9, 1, (7,), 3, random_state=0),
    "convolutional-flows": lambda: convolutional_bidirectional_vae(
        7, (4, 2), (2, 3), 5, 3, 1, flow_channels=(4,), n_context=3, random_state=0
    ),
    "biva": lambda: bernoulli_biva(N_FEATURES, (6, 4, 3), n_hidden=9, random_state=0),
    "convolutional-biva": lambda: convolutional_biva(7, (4, 2), (2, 3), 5, 3, random_state=0),
}


def images():
    generator = torch.Generator().manual_seed(21)
    frequency = torch.rand(N_FEATURES, generator=generator)
    return (torch.rand(BATCH, N_FEATURES, generator=generator) < frequency).float()


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_training_in_bfloat16(make):
    """At the weights it ends with, ln w at the same noise is off by less than 4 · 2^-8 of its size, its mean by less than 2^-8.

    Each product is rounded to 2^-8 of itself at most. A logit l rounded so moves ln p(x_d|z) by at most 2^-8 |l|, a mean or ln
    scale of z a KL term likewise: if all terms of ln w, each of about its own size, moved one way, 2^-8 of ln w. A few layers of
    products behind each other add up, hence 4; over examples and samples the signs differ. Were log-probabilities themselves in
    bfloat16, those of 30 nats would be multiples of 1/8.
    """
    model, x = make(), images()
    before = [one.detach().clone() for one in model.parameters()]
    result = train(model, x, analytic_elbo(), [Stage(4, 3e-3)], batch_size=16, random_state=1, precision="bfloat16")
    assert result.n_steps == 12 and result.n_skipped == 0 and result.bound[-1] > result.bound[0]
    for (name, one), other in zip(model.named_parameters(), before):
        assert one.dtype == torch.float32 and torch.isfinite(one).all() and not torch.equal(one, other), name
    with torch.no_grad():
        full = model.log_w(x, 5, 3)
        with products_in_bfloat16(model):
            low = model.log_w(x, 5, 3)
            bound = analytic_elbo()(model, x, 3)
    assert low.dtype == full.dtype == bound.dtype == torch.float32 and torch.isfinite(low).all() and torch.isfinite(bound).all()
    assert not torch.equal(low, low.bfloat16().float())
    apart = (low - full).double()
    assert (apart.abs() < 4 * ROUNDING * full.abs()).all() and apart.mean().abs() < ROUNDING * full.double().mean().abs()
    assert apart.abs().max() > 1e-5 * full.abs().max()  # 100 times float32's rounding: products were in bfloat16
