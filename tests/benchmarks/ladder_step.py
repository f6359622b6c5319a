"""A training step of the ladder with three layers, 784-256-256-256 and 64-32-16, at batch 128, and sampling from deep models. Run as::

    python tests/benchmarks/ladder_step.py             # both, some three minutes
    python tests/benchmarks/ladder_step.py --quick     # a look at it; nothing is recorded

The peer is what public implementations in PyTorch do, written plainly: two linear layers for means and scales, Gaussians of
torch.distributions, precisions formed and added, the KL by ``kl_divergence``, each pixel's log-likelihood summed. Ours is
``lvmlib.training.train`` as it comes. Both start from the same weights. Needs MNIST.
"""

from __future__ import annotations

import argparse
import copy
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import ratio, use_cores, write_result  # noqa: E402
from hierarchical_protocol import ROWS  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.distributions import Bernoulli, Normal, kl_divergence  # noqa: E402
from vae_rounds import RATE, Epochs, images, in_turn, our_epochs, repeated, said_of  # noqa: E402

from lvmlib.amortized.hierarchical import HierarchicalVAE, bernoulli_ladder  # noqa: E402
from lvmlib.amortized.stochastic_layer import ToBoundedGaussian  # noqa: E402
from lvmlib.objectives import analytic_elbo  # noqa: E402
from lvmlib.training import Stage, train  # noqa: E402

BATCH, EPOCHS, N_SAMPLED, BOUND = 128, 2, 1000, ToBoundedGaussian.BOUND
STEP_TARGET, SAMPLING_TARGET = 1.2, 5.0


class PlainGaussian(nn.Module):
    """A hidden layer, then one linear layer for the mean and one for ln of the scale, softly bounded as ours."""

    def __init__(self, network: nn.Sequential) -> None:
        super().__init__()
        *hidden, last = copy.deepcopy(list(network))
        n = len(last.bias) // 2
        self.hidden, self.mean, self.log_scale = nn.Sequential(*hidden), nn.Linear(last.in_features, n), nn.Linear(last.in_features, n)
        with torch.no_grad():
            for head, rows in ((self.mean, slice(None, n)), (self.log_scale, slice(n, None))):
                head.weight.copy_(last.weight[rows])
                head.bias.copy_(last.bias[rows])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.hidden(x)
        return self.mean(h), (BOUND * (self.log_scale(h) / BOUND).tanh()).exp()


class PlainLadder(nn.Module):
    """The ladder with our weights, z_1's layer first."""

    def __init__(self, ours: HierarchicalVAE) -> None:
        super().__init__()
        self.bottom_up = nn.ModuleList(nn.Sequential(*copy.deepcopy(list(block))) for block in ours.bottom_up)
        self.evidence = nn.ModuleList(PlainGaussian(layer.to_evidence.network) for layer in ours.layers)
        self.prior = nn.ModuleList(PlainGaussian(layer.to_prior.network) for layer in ours.layers[:-1])
        self.state = nn.ModuleList(nn.Sequential(*copy.deepcopy(list(layer.to_state))) for layer in ours.layers)
        self.decoder = nn.Sequential(*copy.deepcopy(list(ours.decoder.network)))
        self.top = nn.Parameter(ours.top.detach().clone())

    def elbo(self, x: Tensor) -> Tensor:
        d, features = x, []
        for block in self.bottom_up:
            d = block(d)
            features.append(d)
        h, kl = self.top.expand(len(x), -1), 0.0
        for index in reversed(range(len(features))):
            mean, scale = self.evidence[index](features[index])
            if index == len(features) - 1:
                prior_mean, prior_scale = torch.zeros_like(mean), torch.ones_like(scale)
            else:
                prior_mean, prior_scale = self.prior[index](h)
            precision, prior_precision = 1 / scale**2, 1 / prior_scale**2
            variance = 1 / (precision + prior_precision)
            q = Normal(variance * (precision * mean + prior_precision * prior_mean), variance.sqrt())
            z = q.rsample()
            kl = kl + kl_divergence(q, Normal(prior_mean, prior_scale)).sum(-1)
            h = h + self.state[index](torch.cat([h, z], dim=-1))
        return Bernoulli(logits=self.decoder(h)).log_prob(x).sum(-1) - kl


def plain_epoch(ours: HierarchicalVAE, x: Tensor) -> Epochs:
    model = PlainLadder(ours)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)

    def epoch() -> None:
        total = 0.0
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = -model.elbo(x[rows]).mean()
            loss.backward()
            optimizer.step()
            total += loss.item()

    return epoch


def step(n_batches: int, n_rounds: int, n_draws: int, quick: bool) -> None:
    x = images(BATCH * n_batches)
    model = bernoulli_ladder(784, activation="silu", random_state=1)
    model.start_at(x)
    n_epochs = max(1, 200 // n_batches)
    train(model, x, analytic_elbo(), [Stage(n_epochs, RATE)], batch_size=BATCH, random_state=5, warm_up_epochs=n_epochs / 2)
    few = images(BATCH)
    with torch.no_grad():
        generator, plain = torch.Generator().manual_seed(1), PlainLadder(model)
        ours = torch.stack([analytic_elbo()(model, few, generator).mean() for _ in range(n_draws)])
        theirs = torch.stack([plain.elbo(few).mean() for _ in range(n_draws)])
    if not torch.isfinite(torch.cat([ours, theirs])).all():
        raise SystemExit("a bound is not finite")
    equal = said_of(ours, theirs)
    epochs = {"peer": repeated(plain_epoch(model, x), EPOCHS), "ours": our_epochs(model, x, analytic_elbo(), BATCH, EPOCHS)}
    seconds = in_turn(epochs, EPOCHS * n_batches, n_rounds)
    times = ratio(seconds["peer"], seconds["ours"])
    print(f"step: {times['median']:.2f} times ({times['min']:.2f} to {times['max']:.2f}; target {STEP_TARGET}); {equal}")
    if not quick:
        write_result(
            "ladder_step",
            ("torch",),
            1,
            claim="a training step of a ladder of three layers, batch 128, float32, against the plain structure of public code",
            ours={"seconds_a_step": seconds["ours"], "what": "lvmlib.training.train"},
            peer={"seconds_a_step": seconds["peer"], "what": "torch.distributions, precisions added, a loop of Adam"},
            ratio=times,
            target=STEP_TARGET,
            threads=1,
            dtype="float32",
            equal=equal,
        )


def sampling(n_sampled: int, n_rounds: int, quick: bool) -> None:
    """The convolutional model of 12 layers against that of one."""
    deep, flat = (ROWS[name].make(784, 1) for name in ("residual_12", "one_layer"))
    calls = {"deep": lambda: deep.sample(n_sampled, 0), "flat": lambda: flat.sample(n_sampled, 0)}
    seconds = in_turn(calls, n_sampled, n_rounds)
    times = ratio(seconds["deep"], seconds["flat"])
    print(f"sampling: {times['median']:.2f} times one layer's time ({times['min']:.2f} to {times['max']:.2f}; below {SAMPLING_TARGET})")
    if not quick:
        write_result(
            "hierarchical_sampling",
            ("torch",),
            1,
            claim="sampling 1,000 images from 12 convolutional layers: time over that of one layer, to stay below the aim",
            ours={"seconds_an_image": seconds["deep"], "what": "12 layers, images of side 14, 7 and 4"},
            peer={"seconds_an_image": seconds["flat"], "what": "one layer of side 7, with the same decoder of pixels"},
            ratio=times,
            target=SAMPLING_TARGET,
            threads=1,
            dtype="float32",
            equal="nothing: two models; as many images, and blocks of the same width",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=["step", "sampling"])
    parser.add_argument("--batches", type=int, default=20, help="of an epoch; a round has two epochs")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="3 batches, 100 images, 3 rounds; nothing is recorded")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    n_batches, n_rounds = (3, 3) if settings.quick else (settings.batches, settings.rounds)
    if settings.only != "sampling":
        step(n_batches, n_rounds, 10 if settings.quick else 100, settings.quick)
    if settings.only != "step":
        sampling(100 if settings.quick else N_SAMPLED, n_rounds, settings.quick)


if __name__ == "__main__":
    main()
