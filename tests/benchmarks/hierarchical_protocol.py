"""The rows of the table of hierarchical models: what each is, the data it sees, how it is trained, and what was published.

Three sets of images of MNIST, (batch, 784) or (batch, 196):

- ``fixed``: each pixel made 0 or 1 once (``lvmlib.data.binarized_mnist``: 50,000 training, 10,000 test images);
- ``dynamic``: binarized afresh at each presentation, 60,000 training images; the test images are binarized once;
- ``pooled``: the same of means over 2 x 2 pixels, 14 x 14, for a core.

Rows of ``equal_*`` have as many parameters, to 2 %, and as many steps; they differ in the number of layers alone. Rows that need
a module which is not there are left out of the table, and say so when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from lvmlib.amortized.hierarchical import bernoulli_ladder
from lvmlib.amortized.hierarchical_architectures import convolutional_ladder
from lvmlib.data import binarize, binarized_mnist, mnist
from lvmlib.randomness import as_generator, drawing_from

IMAGES = ("fixed", "dynamic", "pooled")
EQUAL_BUDGET = 600_000
"""Parameters of the rows that are compared at an equal budget."""


@dataclass(frozen=True)
class Row:
    """One line of the table. ``make`` is called with the number of pixels and gives the model, its weights from the seed."""

    name: str
    title: str
    make: Callable[[int, int], nn.Module]
    images: str = "fixed"
    n_epochs: int = 400
    learning_rate: float = 1e-3
    batch_size: int = 128
    warm_up_epochs: float = 50.0
    free_nats: float = 0.0
    """Of each layer."""
    average_decay: float | None = 0.999
    clip_norm: float | None = 200.0
    exact: bool = False
    """Whether the model computes ln p(x) itself, by ``log_prob``."""
    published: str = ""
    """Nats of the test images, as given by the paper or the public implementation named."""
    group: str = ""
    """Rows of one group are compared image by image."""
    departures: tuple[str, ...] = field(default=())

    @property
    def n_pixels(self) -> int:
        return 196 if self.images == "pooled" else 784


def n_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def equal_budget(n_latent: tuple[int, ...]) -> Callable[[int, int], nn.Module]:
    """The ladder with hidden layers as wide as ``EQUAL_BUDGET`` parameters allow."""

    def make(n_pixels: int, seed: int) -> nn.Module:
        def of_width(width: int) -> nn.Module:
            return bernoulli_ladder(n_pixels, n_latent, width, "silu", linear_heads=True, random_state=seed)

        narrow, wide = 32, 512
        while wide - narrow > 1:
            width = (narrow + wide) // 2
            with torch.device("meta"):
                fits = n_parameters(bernoulli_ladder(n_pixels, n_latent, width, linear_heads=True)) <= EQUAL_BUDGET
            narrow, wide = (width, wide) if fits else (narrow, width)
        return of_width(narrow)

    return make


def convolutional(n_layers: int, inference: str = "residual") -> Callable[[int, int], nn.Module]:
    """Layers spread over images of side 14, 7 and 4, the lower ones more often."""
    sides = {1: (7,), 2: (14, 7), 3: (14, 7, 4), 6: (14, 14, 7, 7, 4, 4), 12: (14,) * 5 + (7,) * 4 + (4,) * 3}[n_layers]
    channels = tuple({14: 1, 7: 4, 4: 8}[side] for side in sides)
    return lambda n_pixels, seed: convolutional_ladder(28, sides, channels, 64, 32, inference=inference, random_state=seed)


def iaf(n_pixels: int, seed: int) -> nn.Module:
    from lvmlib.amortized.bidirectional_convolutional import convolutional_bidirectional_vae

    sides, channels = (14, 14, 7, 7), (1, 1, 4, 4)
    return convolutional_bidirectional_vae(28, sides, channels, 64, 32, 1, flow_channels=(32,), n_context=16, random_state=seed)


def biva(n_pixels: int, seed: int) -> nn.Module:
    from lvmlib.amortized.biva_architectures import convolutional_biva

    return convolutional_biva(28, (14, 14, 7, 7, 4, 4), (1, 1, 4, 4, 8, 8), 64, 32, random_state=seed)


def pixel_cnn(n_pixels: int, seed: int) -> nn.Module:
    from lvmlib.generators.pixel_cnn import bernoulli_pixel_cnn

    with drawing_from(as_generator(seed)):
        return bernoulli_pixel_cnn((28, 28), n_layers=10, n_channels=32)


def _equal(n_latent: tuple[int, ...], images: str) -> Row:
    n = len(n_latent)
    return Row(
        f"equal_{n}_{images}",
        f"{n} layer{'s' if n > 1 else ''} of perceptrons, {'-'.join(map(str, n_latent))}",
        equal_budget(n_latent),
        images,
        n_epochs=100,
        warm_up_epochs=5,
        published="86.8 with one layer" if n == 1 and images == "dynamic" else "",
        group=f"equal_{images}",
    )


LADDER_PUBLISHED = {3: "79.24", 6: "78.52", 12: "78.30"}
ROWS = {
    row.name: row
    for row in [
        *(_equal(n_latent, images) for images in ("pooled", "dynamic") for n_latent in ((64,), (64, 32), (64, 32, 16))),
        Row("one_layer", "one layer, convolutions", convolutional(1), "dynamic", published="86.8"),
        *(
            Row(f"ladder_{n}", f"ladder of {n} layers, convolutions", convolutional(n, "ladder"), published=LADDER_PUBLISHED[n])
            for n in (3, 6, 12)
        ),
        *(Row(f"residual_{n}", f"residual posterior, {n} layers, convolutions", convolutional(n)) for n in (3, 6, 12)),
        Row("iaf", "bidirectional, inverse autoregressive flows, 4 layers", iaf, "dynamic", published="79.10"),
        Row("biva", "BIVA, 6 layers, convolutions", biva, published="78.4 to 78.6"),
        Row("pixel_cnn", "gated PixelCNN", pixel_cnn, warm_up_epochs=0, exact=True, published="81.3 to 81.5"),
    ]
}


def training_images(row: Row) -> Tensor:
    """Binary images, or intensities that are binarized afresh at each presentation."""
    return binarized_mnist("train").x if row.images == "fixed" else _pooled(mnist("train").intensity, row)


def test_images(row: Row) -> Tensor:
    """Binary images, the same for every row of the set."""
    if row.images == "fixed":
        return binarized_mnist("test").x
    return binarize(_pooled(mnist("test").intensity, row), random_state=123)


def _pooled(intensity: Tensor, row: Row) -> Tensor:
    return avg_pool2d(intensity.view(-1, 1, 28, 28), 2).flatten(1) if row.images == "pooled" else intensity
