"""How well BIVA tells digits from what is none, by the bounds L^{>k} and by their differences: areas under the ROC.

One digit is left out of training; it, and images made of digits that keep more or less of what digits are, are the
anomalies. A flat variational autoencoder's ELBO and the pixels' marginals alone are scored beside it. Run as::

    python tests/benchmarks/biva_anomaly.py --data mnist

which takes some ten minutes (``--data digits``, scikit-learn's, one), and writes
``results/reports/biva_anomaly_<data>.json`` and a figure beside it. ``--quick`` trains for two epochs on 300 images and
writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

import torch  # noqa: E402
from benchmark_record import use_cores, write_report  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn.functional import avg_pool2d  # noqa: E402

from lvmlib.amortized.anomaly import area_under_roc, bounds_above, difference_scores  # noqa: E402
from lvmlib.amortized.architectures import bernoulli_vae  # noqa: E402
from lvmlib.amortized.biva import BIVA  # noqa: E402
from lvmlib.amortized.biva_architectures import bernoulli_biva, convolutional_biva  # noqa: E402
from lvmlib.amortized.layer_use import resample_below  # noqa: E402
from lvmlib.bounds import elbo, iwae  # noqa: E402
from lvmlib.data import binarize, digits, mnist  # noqa: E402
from lvmlib.distributions import Bernoulli  # noqa: E402
from lvmlib.objectives import analytic_elbo, free_bits  # noqa: E402
from lvmlib.training import Stage, train  # noqa: E402

SIDES = {"digits": 8, "mnist": 14}
EPOCHS = {"digits": 60, "mnist": 12}
N_SCORED = 1000
N_SAMPLES = 20
FREE_NATS = 0.5
"""Of each of the five latents while training."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", choices=tuple(SIDES), default="mnist")
    parser.add_argument("--network", choices=("perceptrons", "convolutions"), default="perceptrons")
    parser.add_argument("--left-out", type=int, default=1, help="the digit that is not trained on")
    parser.add_argument("--epochs", type=int, help=f"{EPOCHS['digits']} and {EPOCHS['mnist']} where not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    if not 0 <= settings.left_out <= 9:
        parser.error(f"--left-out must be a digit 0 .. 9, got {settings.left_out}")
    if settings.epochs is not None and settings.epochs < 1:
        parser.error(f"--epochs must be at least 1, got {settings.epochs}")
    train_set, usual, left_out = images(settings.data, settings.left_out)
    n_epochs = 2 if settings.quick else settings.epochs or EPOCHS[settings.data]
    if settings.quick:
        train_set, usual, left_out = train_set[:300], usual[:60], left_out[:60]
    side = SIDES[settings.data]
    model = biva_of(settings.network, side, settings.seed)
    seconds = fitted(model, train_set, free_bits(FREE_NATS, "layer"), n_epochs, settings.seed)
    flat = bernoulli_vae(side**2, 20, (128, 128), "relu", random_state=settings.seed)
    fitted(flat, train_set, analytic_elbo(), n_epochs, settings.seed)

    anomalies = {f"the digit {settings.left_out}, left out": left_out, **made_of_digits(usual, side, settings.seed)}
    scores = {name: scored(model, flat, train_set, x, settings.seed) for name, x in {"usual": usual, **anomalies}.items()}
    table = {
        name: {score: area_under_roc(scores["usual"][score], scores[name][score]) for score in scores["usual"]}
        for name in anomalies
    }
    held_out = summary(model, flat, usual, settings.seed)
    show(table, held_out, seconds)
    if settings.quick:
        return
    path = write_report(
        f"biva_anomaly_{settings.data}", ("torch", "numpy"), 1,
        claim=f"area under the ROC of BIVA's L^(>k) and L - L^(>k), {settings.data} at {side} x {side}, black and white",
        area_under_roc=table, held_out=held_out, n_training=len(train_set), n_usual=len(usual),
        n_anomalous={name: len(x) for name, x in anomalies.items()}, network=settings.network, n_epochs=n_epochs,
        training_seconds=seconds, free_nats=FREE_NATS, n_samples=N_SAMPLES, seed=settings.seed, dtype="float32", threads=1,
    )  # fmt: skip
    print(f"{path}\n{draw(table, model, usual, side, path.with_suffix('.png'))}")


def images(data: str, left_out: int) -> tuple[Tensor, Tensor, Tensor]:
    """Black and white, flat: training images, held-out ones of the same digits, held-out ones of the digit left out."""
    if data == "digits":
        x, labels = digits().intensity, digits().labels
        parts = [(x[:1200], labels[:1200]), (x[1200:], labels[1200:])]
    else:
        parts = [(reduced(part.intensity), part.labels) for part in (mnist("train"), mnist("test"))]
    (train_x, train_labels), (test_x, test_labels) = ((binarize(x, threshold=0.5), torch.as_tensor(y)) for x, y in parts)
    is_usual = test_labels != left_out
    return train_x[train_labels != left_out], test_x[is_usual][:N_SCORED], test_x[~is_usual][:N_SCORED]


def reduced(intensity: Tensor) -> Tensor:
    """28 x 28 as 14 x 14, each pixel the mean of four."""
    return avg_pool2d(intensity.unflatten(1, (1, 28, 28)), 2).flatten(1)


def biva_of(network: str, side: int, seed: int) -> BIVA:
    if network == "perceptrons":
        return bernoulli_biva(side**2, (16, 12, 8), n_hidden=128, random_state=seed)
    sides = (8, 4, 2) if side == 8 else (7, 4, 2)
    return convolutional_biva(side, sides, (1, 2, 4), n_channels=16, n_inner=12, random_state=seed)


def fitted(model: torch.nn.Module, x: Tensor, objective: object, n_epochs: int, seed: int) -> float:
    """Trained in place; the seconds it took."""
    model.start_at(x)
    start = time.perf_counter()
    train(
        model, x, objective, [Stage(n_epochs, 2e-3)],
        batch_size=100, warm_up_epochs=n_epochs / 4, clip_norm=20.0, random_state=seed, progress=True,
    )  # fmt: skip
    return time.perf_counter() - start


def made_of_digits(x: Tensor, side: int, seed: int) -> dict[str, Tensor]:
    """Images that keep of digits, in turn: pixels' marginals, each half, strokes, the number of pixels, little, nothing."""
    generator = torch.Generator().manual_seed(seed)
    n, n_pixels = x.shape
    other = x[torch.randperm(n, generator=generator)]
    half = n_pixels // 2
    return {
        "pixels of many digits": x[torch.randint(n, x.shape, generator=generator), torch.arange(n_pixels)],
        "halves of two digits": torch.cat([x[:, :half], other[:, half:]], dim=1),
        "upside down": x.unflatten(1, (side, side)).flip(1).flatten(1),
        "pixels shuffled": torch.stack([row[torch.randperm(n_pixels, generator=generator)] for row in x]),
        "inverted": 1 - x,
        "blank": torch.zeros_like(x[:50]),
    }


def scored(model: BIVA, flat: torch.nn.Module, train_set: Tensor, x: Tensor, seed: int) -> dict[str, Tensor]:
    """Of each example, all the greater the more unusual it is."""
    bounds = bounds_above(model, x, N_SAMPLES, seed)
    marginals = Bernoulli(train_set.mean(0).clamp(1e-3, 1 - 1e-3).logit())
    with torch.no_grad():
        flat_elbo = elbo(flat.log_w(x, N_SAMPLES, seed))
    named = {"marginals": -marginals.log_prob(x), "flat ELBO": -flat_elbo}
    named |= {f"L>{k}": -bound for k, bound in enumerate(bounds)}
    return named | {f"L-L>{k}": difference for k, difference in enumerate(difference_scores(bounds), start=1)}


@torch.no_grad()
def summary(model: BIVA, flat: torch.nn.Module, x: Tensor, seed: int) -> dict[str, object]:
    """Means over held-out digits, nats."""
    terms = model.elbo_terms(x, N_SAMPLES, seed)
    kl = {name: float(one.sum(-1).mean()) for name, one in zip(model.latent_names, terms.kl)}
    return {
        "elbo": float(terms.elbo().mean()),
        "iwae": float(iwae(model.log_w(x, 100, seed)).mean()),
        "flat_elbo": float(flat.elbo_terms(x, N_SAMPLES, seed).elbo().mean()),
        "kl": kl,
        "bounds_above": [float(bound.mean()) for bound in bounds_above(model, x, N_SAMPLES, seed)],
    }


def show(table: dict[str, dict[str, float]], held_out: dict[str, object], seconds: float) -> None:
    print(f"trained in {seconds:.0f} s; held out: {held_out}")
    columns = list(next(iter(table.values())))
    print(" " * 24 + "".join(f"{column:>11}" for column in columns))
    for name, row in table.items():
        print(f"{name:24}" + "".join(f"{row[column]:11.3f}" for column in columns), flush=True)


def draw(table: dict[str, dict[str, float]], model: BIVA, x: Tensor, side: int, path: Path) -> Path:
    """Areas over k, a line an anomaly; and what stays of four digits when the layers up to k are drawn anew."""
    from lvmlib.plots.alt_text import set_alt_text, to_png
    from lvmlib.plots.look import component_colours, look, panels

    figure, (of_bounds, of_differences, of_images) = panels(3, size=(4.4, 3.8))
    n_layers = model.n_layers
    with look():
        for ax, prefix, first, title in [
            (of_bounds, "L>", 0, "score -L^(>k)"), (of_differences, "L-L>", 1, "score L - L^(>k)")
        ]:  # fmt: skip
            for (name, row), colour in zip(table.items(), component_colours(len(table))):
                depths = range(first, n_layers + 1)
                ax.plot(depths, [row[f"{prefix}{k}"] for k in depths], marker="o", color=colour, label=name)
            ax.axhline(0.5, linestyle=":", color="grey")
            ax.set(title=title, xlabel="k: layers left to the prior", ylim=(0, 1.02), xticks=list(depths))
        of_bounds.set_ylabel("area under the ROC")
        figure.legend(*of_bounds.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        rows = [x[:4], *(resample_below(model, x[:4], k + 1, 1, 0)[0] for k in range(n_layers))]
        grid = torch.stack(rows).unflatten(2, (side, side)).permute(0, 2, 1, 3).flatten(2).flatten(0, 1)
        of_images.imshow(grid, cmap="gray_r", vmin=0, vmax=1)
        of_images.set(title="x, and E[x|z] above k", xticks=[], yticks=[side * (i + 0.5) for i in range(len(rows))])
        of_images.grid(visible=False)
        of_images.set_yticklabels(["x", *(f"k = {k}" for k in range(n_layers))])
    areas = (f"{name}: {row['L>0']:.2f} by L, {row[f'L>{n_layers}']:.2f} by the prior" for name, row in table.items())
    set_alt_text(figure, f"Areas under the ROC. {'; '.join(areas)}.")
    path.write_bytes(to_png(figure))
    return path


if __name__ == "__main__":
    main()
