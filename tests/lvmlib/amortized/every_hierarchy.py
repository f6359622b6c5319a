"""Small models of every kind of hierarchy, by name, and binary data for each."""

from __future__ import annotations

import torch

from biva_models import CASES as BIVA_CASES
from biva_models import made as made_biva
from flow_models import CASES as FLOW_CASES
from hierarchical_models import CASES as LADDER_CASES

MODELS = {
    **{name: LADDER_CASES[name].model for name in ("ladder-skip", "bottom_up-markov", "convolutional-residual", "one-layer")},
    **{name: FLOW_CASES[name].model for name in ("residual", "bidirectional")},
    **{f"biva-{name}": (lambda case=case: made_biva(case)) for name, case in BIVA_CASES.items()},
}


def binary(model, n=6, seed=21):
    n_features = model.sample(1, 0)[0].shape[1]
    return (torch.rand(n, n_features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) > 0.6).double()
