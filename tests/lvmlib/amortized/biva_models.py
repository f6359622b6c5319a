"""BIVA in small, of perceptrons and of convolutions, with weights that let everything depend on what it may depend on."""

from __future__ import annotations

import torch

from lvmlib.amortized.biva_architectures import bernoulli_biva, convolutional_biva

BATCH = 5


def perceptrons():
    return bernoulli_biva(7, (4, 3, 2), n_hidden=6, activation="tanh")


def convolutions():
    return convolutional_biva(6, sides=(5, 3, 2), z_channels=(1, 2, 3), n_channels=4, n_inner=3, activation="tanh")


CASES = {
    "perceptrons": (perceptrons, 7, (4, 4, 3, 3, 2)),
    "convolutions": (convolutions, 36, (25, 25, 18, 18, 12)),
    "one-layer": (lambda: bernoulli_biva(7, (3,), n_hidden=6, activation="tanh"), 7, (3,)),
}


def made(case, dtype=torch.float64, seed=4):
    torch.manual_seed(seed)
    model = case[0]().to(torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():  # some begin at zero, where nothing depends on anything
            parameter += 0.3 * torch.randn_like(parameter)
    return model.to(dtype)


def data(case, dtype=torch.float64):
    uniform = torch.rand(BATCH, case[1], generator=torch.Generator().manual_seed(21), dtype=torch.float64)
    return (uniform > 0.6).to(dtype)
