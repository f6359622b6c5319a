"""Autoregressive models of 8 x 8 digits, alone, as decoder and as prior of a VAE: ln p(x), and what is left for z. Run as::

    python tests/benchmarks/pixel_cnn_digits.py                    # all rows: some five minutes of one core
    python tests/benchmarks/pixel_cnn_digits.py --row pixel_cnn    # one, printed

Digits as scikit-learn ships them, ink where a pixel has more than half of it: 1,300 to learn from, 200 that stop training when
eight epochs brought no better bound, 297 that are reported. ln p(x) is exact for the autoregressive models alone, of the
K-sample bound with K = 1,000 for those with a z. "What z says": the nats of ln p(x|z) that an image loses when it is given the z
of another one; 0 where the decoder ignores z.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import RESULTS, use_cores, write_report  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from lvmlib.amortized.architectures import bernoulli_vae  # noqa: E402
from lvmlib.amortized.autoregressive_vae import bernoulli_vae_with_made_prior, pixel_cnn_vae  # noqa: E402
from lvmlib.data import digits  # noqa: E402
from lvmlib.generators.autoregressive import BernoulliMADE  # noqa: E402
from lvmlib.generators.pixel_cnn import bernoulli_pixel_cnn  # noqa: E402
from lvmlib.likelihood import importance_sampling  # noqa: E402
from lvmlib.objectives import analytic_elbo, free_bits, log_likelihood  # noqa: E402
from lvmlib.training import Stage, train  # noqa: E402

N_LEARNED, N_STOPPING = 1300, 200
FREE_NATS = 5.0
N_LATENT = 8
ROWS_AT_ONCE = 500
"""Of images and z evaluated together: a PixelCNN holds many channels of each pixel, so fewer than of a perceptron."""
PIXEL_CNN = {"n_layers": 4, "n_channels": 24, "first_reach": 2, "n_hidden": 32}
REPORT = "pixel_cnn_digits"
HEADER = (
    "| model | parameters | epochs | ln p(x), nats | ELBO | KL | what z says | seconds of training |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Row:
    title: str
    make: Callable[[], nn.Module]
    objective: Callable[..., Tensor]
    learning_rate: float = 3e-3

    @property
    def exact(self) -> bool:
        """Whether there is no z."""
        return self.objective is log_likelihood


def strong(n_maps: int) -> Callable[[], nn.Module]:
    return lambda: pixel_cnn_vae(8, N_LATENT, (100,), n_maps, **PIXEL_CNN)


ROWS = {
    "made": Row("MADE", lambda: BernoulliMADE(64, (200,)), log_likelihood),
    "pixel_cnn": Row("gated PixelCNN", lambda: bernoulli_pixel_cnn((8, 8), **PIXEL_CNN), log_likelihood),
    "vae": Row("VAE, independent pixels given z", lambda: bernoulli_vae(64, N_LATENT, (100,)), analytic_elbo()),
    "made_prior": Row(
        "the same with a MADE as prior", lambda: bernoulli_vae_with_made_prior(64, N_LATENT, (100,)), analytic_elbo()
    ),
    "decoder": Row("VAE with a PixelCNN as decoder", strong(0), analytic_elbo()),
    "decoder_free": Row("the same, 5 free nats", strong(0), free_bits(FREE_NATS, "layer")),
    "maps": Row("z as maps to the PixelCNN", strong(4), analytic_elbo()),
    "maps_free": Row("the same, 5 free nats", strong(4), free_bits(FREE_NATS, "layer")),
}


def images() -> tuple[Tensor, Tensor, Tensor]:
    """Learned from, for stopping, reported: in an order drawn once, since the writers follow each other in the set."""
    x = (digits().intensity > 0.5).float()
    x = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))]
    return x[:N_LEARNED], x[N_LEARNED : N_LEARNED + N_STOPPING], x[N_LEARNED + N_STOPPING :]


@torch.no_grad()
def use_of_z(model: nn.Module, x: Tensor) -> dict[str, float]:
    terms = model.elbo_terms(x, 20, 0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        z = model.posterior(x).sample(torch.Size([20]))
    said = model.log_likelihood(x, z) - model.log_likelihood(x, z.roll(1, dims=1))
    return {"elbo": terms.elbo().mean().item(), "kl": terms.total_kl.mean().item(), "said": said.mean().item()}


def result_of(row: Row, seed: int, n_epochs: int, n_samples: int) -> dict:
    learned, stopping, reported = images()
    torch.manual_seed(seed)
    model = row.make()
    model.start_at(learned)
    bound = log_likelihood if row.exact else analytic_elbo(5)
    start = time.perf_counter()
    trained = train(
        model, learned, row.objective, [Stage(n_epochs, row.learning_rate)], batch_size=100, random_state=seed,
        held_out=stopping, held_out_objective=bound, patience=8,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    with torch.no_grad():
        if row.exact:
            log_marginal = model.log_prob(reported)
        else:
            log_marginal = importance_sampling(model, reported, n_samples, 0, rows_at_once=ROWS_AT_ONCE).log_marginal
    return {
        "title": row.title,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "epochs": len(trained.records),
        "seconds": seconds,
        "seed": seed,
        "log_marginal": log_marginal.double().mean().item(),
        "standard_error": log_marginal.double().std().item() / len(log_marginal) ** 0.5,
        "n_samples_of_evaluation": None if row.exact else n_samples,
        **({} if row.exact else use_of_z(model, reported)),
    }


def line(one: dict) -> str:
    of_z = [f"{one[name]:.2f}" if name in one else "" for name in ("elbo", "kl", "said")]
    return (
        f"| {one['title']} | {one['parameters']:,} | {one['epochs']} | {one['log_marginal']:.2f} ± {one['standard_error']:.2f} "
        f"| {' | '.join(of_z)} | {one['seconds']:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--row", choices=list(ROWS), help="one, printed; all, with a report, where not given")
    parser.add_argument("--epochs", type=int, default=60, help="at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="one epoch, 50 samples; nothing is recorded")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    n_epochs, n_samples = (1, 50) if settings.quick else (settings.epochs, 1000)
    found = {}
    print(HEADER)
    for name in [settings.row] if settings.row else ROWS:
        found[name] = result_of(ROWS[name], settings.seed, n_epochs, n_samples)
        print(line(found[name]), flush=True)
    if settings.quick or settings.row:
        return
    path = write_report(
        REPORT,
        ("torch", "scikit-learn"),
        1,
        claim="autoregressive models of 8 x 8 digits: ln p(x), and a decoder that leaves z unused",
        images={"learned": N_LEARNED, "stopping": N_STOPPING, "reported": 297},
        free_nats=FREE_NATS,
        rows=found,
    )
    path.with_suffix(".md").write_text("\n".join([HEADER, *map(line, found.values())]) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(RESULTS.parent)}")


if __name__ == "__main__":
    main()
