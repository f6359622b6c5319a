"""The same autoencoder, 784-200-200-50 and back, as others would train it: by hand, with pythae, with Pyro.

Each ``..._epoch`` takes one of our models for its starting weights and returns a function that goes over the images
once, in batches and in a new order, with Adam; each ``..._bound`` returns the peer's own estimates of the bound, one a
draw of its noise, in nats a batch's mean, for the same weights.
"""

from __future__ import annotations

import copy
import logging
import math
import tempfile
from collections.abc import Callable

import torch
from torch import Tensor, nn

from lvmlib.amortized.vae import VariationalAutoencoder

Epoch = Callable[[], None]
N_LATENT, RATE = 50, 1e-3


def networks(ours: VariationalAutoencoder) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder (mean and ln scale) and decoder (logits), with weights of their own, as plain sequences of layers."""
    encoder, decoder = (nn.Sequential(*copy.deepcopy(one.network)) for one in (ours.encoder[0], ours.decoder))
    return encoder, decoder


# --- by hand -------------------------------------------------------------------------------------------------------


class Plain(nn.Module):
    """What a first course writes: torch.distributions, the KL in closed form."""

    def __init__(self, ours: VariationalAutoencoder) -> None:
        super().__init__()
        self.encoder, self.decoder = networks(ours)

    def elbo(self, x: Tensor) -> Tensor:
        mean, log_scale = self.encoder(x).chunk(2, dim=-1)
        posterior = torch.distributions.Normal(mean, log_scale.exp())
        prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
        likelihood = torch.distributions.Bernoulli(logits=self.decoder(posterior.rsample()))
        return likelihood.log_prob(x).sum(-1) - torch.distributions.kl_divergence(posterior, prior).sum(-1)


def plain_epoch(ours: VariationalAutoencoder, x: Tensor, batch_size: int) -> Epoch:
    model = Plain(ours)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)

    def epoch() -> None:
        total = 0.0
        for rows in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            loss = -model.elbo(x[rows]).mean()
            loss.backward()
            optimizer.step()
            total += loss.item()

    return epoch


@torch.no_grad()
def plain_bound(ours: VariationalAutoencoder, x: Tensor, n_draws: int) -> Tensor:
    model = Plain(ours)
    return torch.stack([model.elbo(x).mean() for _ in range(n_draws)])


# --- pythae --------------------------------------------------------------------------------------------------------


def pythae_model(ours: VariationalAutoencoder, n_samples: int = 1) -> nn.Module:
    from pythae.models import IWAE, VAE, IWAEConfig, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Tensor) -> ModelOutput:
            mean, log_scale = self.network(x).chunk(2, dim=-1)
            return ModelOutput(embedding=mean, log_covariance=2 * log_scale)

    class Decoder(BaseDecoder):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.network(z).sigmoid())

    encoder, decoder = networks(ours)
    settings = {"input_dim": (784,), "latent_dim": N_LATENT, "reconstruction_loss": "bce"}
    if n_samples == 1:
        return VAE(VAEConfig(**settings), Encoder(encoder), Decoder(decoder))
    return IWAE(IWAEConfig(**settings, number_samples=n_samples), Encoder(encoder), Decoder(decoder))


def pythae_epoch(ours: VariationalAutoencoder, x: Tensor, batch_size: int, n_samples: int = 1) -> Epoch:
    """``BaseTrainer.train_step``: what its ``train`` calls for every epoch, without the copies of the model after it."""
    import pythae.trainers.base_trainer.base_trainer as base_trainer
    from pythae.data.datasets import BaseDataset
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import CallbackHandler, TrainingCallback

    base_trainer.logger.setLevel(logging.ERROR)
    model = pythae_model(ours, n_samples)
    config = BaseTrainerConfig(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=batch_size, learning_rate=RATE, optimizer_cls="Adam", no_cuda=True
    )
    trainer = BaseTrainer(model, BaseDataset(x, torch.zeros(len(x))), training_config=config)
    trainer.prepare_training()
    trainer.callback_handler = CallbackHandler([TrainingCallback()], trainer.model)  # no progress bar
    return lambda: trainer.train_step(1)


@torch.no_grad()
def pythae_bound(ours: VariationalAutoencoder, x: Tensor, n_draws: int, n_samples: int = 1) -> Tensor:
    """For K > 1 its loss is not the bound but a sum that has the bound's gradient: its log weights are taken and averaged."""
    model = pythae_model(ours, n_samples)
    if n_samples == 1:
        return torch.stack([-model({"data": x}).loss for _ in range(n_draws)])
    seen: list[Tensor] = []

    def bound(reconstruction: Tensor, x: Tensor, mean: Tensor, log_var: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        ratio = (0.5 * (log_var + (z - mean) ** 2 / log_var.exp()) - 0.5 * z**2).sum(-1)
        images = x.unsqueeze(1).expand_as(reconstruction)
        log_w = ratio - torch.nn.functional.binary_cross_entropy(reconstruction, images, reduction="none").sum(-1)
        seen.append((log_w.logsumexp(1) - math.log(n_samples)).mean())
        return (seen[-1],) * 3

    model.loss_function = bound
    for _ in range(n_draws):
        model({"data": x})
    return torch.stack(seen)


# --- Pyro ----------------------------------------------------------------------------------------------------------


def pyro_inference(ours: VariationalAutoencoder, n_samples: int = 1):  # noqa: ANN201
    """Stochastic variational inference by the ELBO, or for K > 1 by the Rényi ELBO of order 0, its samples in one tensor."""
    import pyro
    import pyro.distributions as dist
    from pyro.infer import SVI, RenyiELBO, Trace_ELBO

    pyro.clear_param_store()
    pyro.enable_validation(False)
    encoder, decoder = networks(ours)

    def model(x: Tensor) -> None:
        pyro.module("decoder", decoder)
        with pyro.plate("data", len(x)):
            zero = x.new_zeros(len(x), N_LATENT)
            z = pyro.sample("z", dist.Normal(zero, torch.ones_like(zero)).to_event(1))
            pyro.sample("x", dist.Bernoulli(logits=decoder(z)).to_event(1), obs=x)

    def guide(x: Tensor) -> None:
        pyro.module("encoder", encoder)
        with pyro.plate("data", len(x)):
            mean, log_scale = encoder(x).chunk(2, dim=-1)
            pyro.sample("z", dist.Normal(mean, log_scale.exp()).to_event(1))

    bound = (
        Trace_ELBO()
        if n_samples == 1
        else RenyiELBO(alpha=0, num_particles=n_samples, max_plate_nesting=1, vectorize_particles=True)
    )
    return SVI(model, guide, pyro.optim.Adam({"lr": RATE}), loss=bound)


def pyro_epoch(ours: VariationalAutoencoder, x: Tensor, batch_size: int, n_samples: int = 1) -> Epoch:
    inference = pyro_inference(ours, n_samples)

    def epoch() -> None:
        for rows in torch.randperm(len(x)).split(batch_size):
            inference.step(x[rows])

    return epoch


def pyro_bound(ours: VariationalAutoencoder, x: Tensor, n_draws: int, n_samples: int = 1) -> Tensor:
    inference = pyro_inference(ours, n_samples)
    return torch.tensor([-inference.evaluate_loss(x) / len(x) for _ in range(n_draws)])
