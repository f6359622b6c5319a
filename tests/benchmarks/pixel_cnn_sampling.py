"""Images drawn from a gated PixelCNN: with nothing computed twice, against the plain loop of a pass a pixel. Run as::

    python tests/benchmarks/pixel_cnn_sampling.py             # 28 x 28, 16 images: some two minutes of one core
    python tests/benchmarks/pixel_cnn_sampling.py --side 14

The peer is the definition (``AutoregressiveModel.draw``): for each pixel a pass of the whole network over the whole image, of
which one column is used. Both draw the same random numbers in the same order, and the images are compared pixel for pixel.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import torch  # noqa: E402
from benchmark_record import ratio, use_cores, write_result  # noqa: E402
from torch import Tensor  # noqa: E402

from lvmlib.generators.chain_rule import AutoregressiveModel  # noqa: E402
from lvmlib.generators.pixel_cnn import PixelCNN, bernoulli_pixel_cnn  # noqa: E402

TARGET = 5
SIZES = {"n_layers": 5, "n_channels": 32, "first_reach": 3, "reach": 1, "n_hidden": 64}


def strokes_model(side: int, dtype: torch.dtype) -> PixelCNN:
    """Weights twice as large as they start: logits then differ from pixel to pixel, and images from each other."""
    torch.manual_seed(0)
    model = bernoulli_pixel_cnn((side, side), **SIZES).to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 2
    return model


def timed(draw: object, model: PixelCNN, n_images: int, seed: int) -> tuple[Tensor, float]:
    """Images and seconds; torch's global generator, which both ways draw from, is started at ``seed``."""
    torch.manual_seed(seed)
    start = time.perf_counter()
    with torch.no_grad():
        images = draw(model, n_images)
    return images, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=28)
    parser.add_argument("--images", type=int, default=16, help="drawn together")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--quick", action="store_true", help="8 x 8, 4 images; nothing is recorded")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    side, n_images, n_rounds = (8, 4, 3) if settings.quick else (settings.side, settings.images, settings.rounds)
    model = strokes_model(side, getattr(torch, settings.dtype))
    ways = {"ours": PixelCNN.draw, "peer": AutoregressiveModel.draw}
    timed(PixelCNN.draw, model, n_images, 0)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    n_different = n_white = 0
    for number in range(n_rounds):
        images = {}
        for name in ways if number % 2 else reversed(ways):
            images[name], elapsed = timed(ways[name], model, n_images, number + 1)
            seconds[name].append(elapsed / n_images)
        n_different += int((images["ours"] != images["peer"]).sum())
        n_white += int(images["ours"].sum())
    n_pixels = n_rounds * n_images * side**2
    times = ratio(seconds["peer"], seconds["ours"])
    equal = (
        f"the same seeds: {n_different} of {n_pixels} pixels of {n_rounds * n_images} images differ, {n_white} of them are 1"
    )
    print(f"{times['median']:.1f} times ({times['min']:.1f} to {times['max']:.1f}; target {TARGET}); {equal}")
    if n_different:
        raise SystemExit(f"not equal: {equal}")
    if settings.quick:
        return
    write_result(
        f"pixel_cnn_sampling_{side}_{settings.dtype}",
        ("torch",),
        1,
        claim=f"drawing {n_images} images of {side} x {side} from a gated PixelCNN, against a pass for each pixel",
        ours={"seconds_an_image": seconds["ours"], "what": "PixelCNN.draw: rows and pixels computed once"},
        peer={"seconds_an_image": seconds["peer"], "what": "AutoregressiveModel.draw: the whole network for each pixel"},
        ratio=times,
        target=TARGET,
        threads=1,
        dtype=settings.dtype,
        equal=equal,
        batch=n_images,
        sizes=SIZES,
    )


if __name__ == "__main__":
    main()
