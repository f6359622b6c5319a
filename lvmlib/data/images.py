"""Images of digits, and images made binary."""

from __future__ import annotations

import os

import numpy as np
import torch
from torch import Tensor

from lvmlib.data.files import PublishedFile
from lvmlib.data.idx import read_idx
from lvmlib.data.record import Dataset
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_choice, check_dtype

MNIST_MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist")


def _mnist_file(name: str, size: int, sha256: str) -> PublishedFile:
    return PublishedFile(f"mnist/{name}", size, sha256, tuple(f"{mirror}/{name}" for mirror in MNIST_MIRRORS))


MNIST = {
    "train": (
        _mnist_file("train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        _mnist_file("train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    ),
    "test": (
        _mnist_file("t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        _mnist_file("t10k-labels-idx1-ubyte.gz", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
}
"""Images and labels of each split, as first published."""


def digits(dtype: torch.dtype = torch.float32) -> Dataset:
    """Handwritten digits, 1797 images of 8 x 8 pixels, grey levels 0 to 16 (16: full ink).

    Licence: CC BY 4.0 (UCI Machine Learning Repository); scikit-learn's copy BSD-3-Clause.
    Source: shipped with scikit-learn, ``sklearn.datasets.load_digits``; no network. It is the
    test part of UCI's Optical Recognition of Handwritten Digits, written by 13 people.

    Parameters
    ----------
    dtype
        torch.float32 or torch.float64; ``x`` is (1797, 64).

    Raises
    ------
    ValueError
        If ``dtype`` is another one.
    ImportError
        If scikit-learn is not installed.

    References
    ----------
    Alpaydin & Kaynak, Cascading classifiers, 1998.
    """
    check_dtype(dtype)
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("digits needs scikit-learn: pip install lvmlib[data]") from error
    shipped = load_digits()
    return _images(
        name="digits",
        pixels=shipped.data,
        labels=shipped.target,
        image_shape=(8, 8),
        levels=17,
        dtype=dtype,
        description="1797 handwritten digits of 8 x 8 pixels.",
        licence="CC BY 4.0 (UCI); scikit-learn's copy BSD-3-Clause",
        source="scikit-learn, sklearn.datasets.load_digits; UCI, Optical Recognition of Handwritten Digits",
        citation="E. Alpaydin and C. Kaynak, Cascading classifiers, Kybernetika 34, 1998",
    )


def mnist(split: str = "train", dtype: torch.dtype = torch.float32, root: str | os.PathLike | None = None) -> Dataset:
    """MNIST handwritten digits: 28 x 28 pixels, grey levels 0 to 255 (255: full ink).

    Licence: none stated by its authors. Source: the four IDX files as first published by
    LeCun, Cortes and Burges (from NIST Special Databases 1 and 3), from the mirrors in
    ``MNIST_MIRRORS``, SHA-256 checked; see :mod:`lvmlib.data` for where they are looked for.

    Parameters
    ----------
    split
        "train", 60,000 images (``x`` takes 188 MB in float32), or "test", 10,000.
    dtype
        torch.float32 or torch.float64; ``x`` is (batch, 784).
    root
        A folder that holds ``mnist/*.gz``; nothing else is tried then.

    Raises
    ------
    ValueError
        If ``split`` or ``dtype`` is another one, or ``root`` is not a folder.
    DatasetUnavailable
        If a file is not to be had, or is not the published one.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, 1998.
    """
    check_choice("split", split, MNIST)
    check_dtype(dtype)
    images, labels = (read_idx(file.find(root)) for file in MNIST[split])
    return _images(
        name=f"mnist, {split}",
        pixels=images.reshape(len(images), -1),
        labels=labels,
        image_shape=(28, 28),
        levels=256,
        dtype=dtype,
        description=f"{len(images):,} handwritten digits of 28 x 28 pixels.",
        licence="none stated",
        source="yann.lecun.com/exdb/mnist, the four IDX files",
        citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "
        "Gradient-based learning applied to document recognition, Proceedings of the IEEE 86(11), 1998",
    )


def _images(
    *, pixels: np.ndarray, labels: np.ndarray, image_shape: tuple[int, int], dtype: torch.dtype, **fields: object
) -> Dataset:
    rows, columns = image_shape
    return Dataset(
        x=torch.tensor(pixels, dtype=dtype),
        labels=torch.tensor(labels, dtype=torch.int64),
        label_names=tuple("0123456789"),
        feature_names=tuple(f"pixel {row} {column}" for row in range(rows) for column in range(columns)),
        units="grey level",
        image_shape=image_shape,
        **fields,
    )


def binarize(intensity: Tensor, *, threshold: float | None = None, random_state: Seed | None = None) -> Tensor:
    """Images of 0 and 1, by a threshold or by chance.

    With ``threshold``: 1 where the intensity is greater. With ``random_state``: each pixel is
    1 with its intensity as the probability; called anew for each pass over the data with the
    same generator, this is dynamic binarization.

    Parameters
    ----------
    intensity : any shape
        In [0, 1], as :attr:`Dataset.intensity` gives it.
    threshold
        In [0, 1).
    random_state
        A seed or a generator. Exactly one of the two must be given.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    TypeError
        If ``intensity`` is not a floating-point tensor.
    ValueError
        If it leaves [0, 1] or holds NaN, if the threshold is outside [0, 1), or if not exactly one of
        ``threshold`` and ``random_state`` is given.

    References
    ----------
    Salakhutdinov & Murray, On the quantitative analysis of deep belief networks, 2008.
    """
    if not isinstance(intensity, Tensor) or not intensity.is_floating_point():
        given = intensity.dtype if isinstance(intensity, Tensor) else type(intensity).__name__
        raise TypeError(f"intensity must be a floating-point tensor, got {given}")
    outside = ~((intensity >= 0) & (intensity <= 1))
    if outside.any():
        raise ValueError(
            f"intensity must lie in [0, 1], got {intensity[outside][0].item()} among {int(outside.sum())} values outside: "
            "use Dataset.intensity, or divide by the greatest level"
        )
    if (threshold is None) == (random_state is None):
        raise ValueError(f"give exactly one of threshold and random_state, got {threshold!r} and {random_state!r}")
    if threshold is not None:
        if not 0 <= threshold < 1:
            raise ValueError(f"threshold must lie in [0, 1), got {threshold}")
        return (intensity > threshold).to(intensity.dtype)
    return torch.bernoulli(intensity, generator=as_generator(random_state, intensity.device))
