"""MNIST as most published likelihoods of binary images have it: each pixel made 0 or 1 once, and so for good."""

from __future__ import annotations

import os

import torch

from lvmlib.data.files import DatasetUnavailable, PublishedFile
from lvmlib.data.record import Dataset
from lvmlib.validation import check_choice, check_dtype

REPOSITORY = "https://raw.githubusercontent.com/mingzhang-yin/ARM-gradient/9b5f74d"


def _file(name: str, size: int, sha256: str) -> PublishedFile:
    """Published with the suffix .amat, but MATLAB 5 inside."""
    return PublishedFile(f"binarized-mnist/{name}.mat", size, sha256, (f"{REPOSITORY}/{name}.amat",))


BINARIZED_MNIST = {
    "train": _file("binarized_mnist_train", 2_852_060, "79a0312c7389d855cfc97e3812de3998417c5829d8a51543b56a90a91252ae7e"),
    "validation": _file("binarized_mnist_valid", 571_883, "7436afc856959075c7787025bb8a4ba2b520b9230ee39667c66aa7dd2819dd68"),
    "test": _file("binarized_mnist_test", 490_132, "5bc30222e1e7896cbccd1e1db6b28540cc1230f4d2d5473841a5f6cc54be8d38"),
}


def binarized_mnist(split: str = "train", dtype: torch.dtype = torch.float32, root: str | os.PathLike | None = None) -> Dataset:
    """MNIST, each pixel 1 with its intensity as the probability, drawn once: 28 x 28 pixels of 0 and 1.

    Licence: MIT (the repository that publishes the files); none stated for the data. Source:
    github.com/mingzhang-yin/ARM-gradient, binarized_mnist_{train,valid,test}.amat at commit 9b5f74d,
    SHA-256 checked; see :mod:`lvmlib.data` for where they are looked for. There are no labels.

    Parameters
    ----------
    split
        "train", 50,000 images, "validation" or "test", 10,000 each: the 60,000 training images of MNIST
        are in the first two.
    dtype
        torch.float32 or torch.float64; ``x`` is (batch, 784).
    root
        A folder that holds ``binarized-mnist/*.mat``; nothing else is tried then.

    Raises
    ------
    ValueError
        If ``split`` or ``dtype`` is another one, or ``root`` is not a folder.
    DatasetUnavailable
        If a file is not to be had, or is not the published one.
    ImportError
        If SciPy, which comes with scikit-learn, is not installed.

    References
    ----------
    Salakhutdinov & Murray, On the quantitative analysis of deep belief networks, 2008, for the binarization;
    Larochelle & Murray, The neural autoregressive distribution estimator, 2011, for the split.
    """
    check_choice("split", split, BINARIZED_MNIST)
    check_dtype(dtype)
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise ImportError("binarized_mnist needs SciPy: pip install lvmlib[data]") from error
    path = BINARIZED_MNIST[split].find(root)
    pixels = loadmat(path, variable_names=["X"]).get("X")
    if pixels is None:
        raise DatasetUnavailable(f"{path} holds no variable X")
    return Dataset(
        name=f"binarized mnist, {split}",
        x=torch.from_numpy(pixels).to(dtype).contiguous(),  # MATLAB has columns one after another
        labels=None,
        label_names=(),
        feature_names=tuple(f"pixel {row} {column}" for row in range(28) for column in range(28)),
        units="grey level",
        description=f"{len(pixels):,} handwritten digits of 28 x 28 pixels of 0 and 1.",
        licence="MIT (github.com/mingzhang-yin/ARM-gradient); the data: none stated",
        source="github.com/mingzhang-yin/ARM-gradient, binarized_mnist_{train,valid,test}.amat, commit 9b5f74d",
        citation="R. Salakhutdinov and I. Murray, On the quantitative analysis of deep belief networks, ICML 2008; "
        "H. Larochelle and I. Murray, The neural autoregressive distribution estimator, AISTATS 2011",
        image_shape=(28, 28),
        levels=2,
    )
