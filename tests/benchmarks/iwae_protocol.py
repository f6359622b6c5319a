"""The experiment of Burda, Grosse & Salakhutdinov (Importance Weighted Autoencoders, 2016, section 5): its cells, data and model.

Where the paper's text and its published code differ, the code is followed:

- 59,600 of the 60,000 training images are trained on (the last 400 were kept for validation), 2,980 steps of 20
  an epoch, binarized afresh at each presentation; the test images are binarized once.
- Adam with beta1 = 0.99 (the text says 0.9), beta2 = 0.999, epsilon = 1e-4. The code climbs the sum over the 20
  images of a step, ours their mean: the same steps, but for epsilon, which is therefore divided by 20.
- Stages i = 0 ... 7 of 3^i epochs at the rate 1e-3 * 10^(-i/7); the moments are kept from stage to stage.
- Glorot's uniform weights, zero biases, but the output's, which are the logits of the training mean within
  [0.001, 0.999]. The means and scales of q are two layers, so each has weights by its own width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from marginal_table import seeded
from torch import Tensor, nn

from lvmlib.amortized.architectures import bernoulli_vae, two_layer_bernoulli_vae
from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.data import binarize, mnist
from lvmlib.networks import ToGaussian

N_TRAIN, N_PIXELS = 59_600, 784
BETAS, EPSILON_OF_THE_SUM = (0.99, 0.999), 1e-4
N_EVALUATION_SAMPLES = 5_000
PAPER = {(1, 1): -86.76, (1, 5): -85.54, (1, 50): -84.78, (2, 1): -85.33, (2, 5): -83.89, (2, 50): -82.90}
"""ln p(x) of the test images by the 5,000-sample bound, in nats, by layers and K (the paper's table 1)."""
REPRODUCTION = {
    ("reparameterized", 1, 1): -86.35,
    ("reparameterized", 1, 5): -85.18,
    ("reparameterized", 1, 50): -84.59,
    ("dreg", 1, 50): -84.32,
    ("reparameterized", 2, 50): -82.82,
}
"""The same in one public reproduction."""
NOT_AS_PUBLISHED = (
    "the images of an epoch are shuffled",
    "Adam's second moments start at zero, with PyTorch's correction of the bias (the published code starts them at one)",
)


@dataclass(frozen=True)
class Cell:
    """One entry of the table, with whatever departs from the paper."""

    n_layers: int
    n_samples: int
    estimator: str = "reparameterized"
    batch_size: int = 20
    rate_factor: float = 1.0
    average_decay: float | None = None
    seed: int = 1

    @property
    def name(self) -> str:
        parts = [f"layers{self.n_layers}", f"k{self.n_samples}", self.estimator]
        parts += [f"batch{self.batch_size}"] if self.batch_size != 20 else []
        parts += [f"rate{self.rate_factor:g}"] if self.rate_factor != 1 else []
        parts += [f"average{self.average_decay:g}"] if self.average_decay is not None else []
        return seeded("_".join(parts), self.seed)

    @property
    def title(self) -> str:
        return "VAE" if self.n_samples == 1 else f"IWAE, K = {self.n_samples}"

    @property
    def departures(self) -> tuple[str, ...]:
        own = [f"gradient by {self.estimator}"] if self.estimator != "reparameterized" else []
        own += [f"batch of {self.batch_size}"] if self.batch_size != 20 else []
        own += [f"rates times {self.rate_factor:g}"] if self.rate_factor != 1 else []
        own += [f"weights averaged, decay {self.average_decay:g}"] if self.average_decay is not None else []
        return (*NOT_AS_PUBLISHED, *own)

    @property
    def epsilon(self) -> float:
        """Adam's, for gradients of the mean over a batch."""
        return EPSILON_OF_THE_SUM / 20


def training_images() -> Tensor:
    """Intensities in [0, 1], (59600, 784): the probabilities that pixels are 1."""
    return mnist("train").intensity[:N_TRAIN]


def test_images() -> Tensor:
    """Binary images, (10000, 784), the same for every cell."""
    return binarize(mnist("test").intensity, random_state=123)


def new_model(cell: Cell, training_mean: Tensor) -> VariationalAutoencoder:
    """The networks of the paper as they start."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(cell.seed)
        model = bernoulli_vae(N_PIXELS) if cell.n_layers == 1 else two_layer_bernoulli_vae(N_PIXELS)
        for head in [one.network[-1] for one in model.modules() if isinstance(one, ToGaussian)]:
            for half in head.weight.data.chunk(2):  # a layer of means and one of scales
                nn.init.xavier_uniform_(half)
    with torch.no_grad():
        model.decoder.network[-1].bias.copy_(training_mean.clamp(0.001, 0.999).logit())
    return model
