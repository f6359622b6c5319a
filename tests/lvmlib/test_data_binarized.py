"""The binarized MNIST, read from its published files and from one of our own in their form."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from lvmlib import data
from lvmlib.data import binarized
from lvmlib.data.files import PublishedFile

SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}
SHARES = {"train": 0.13056, "validation": 0.13113, "test": 0.13251}
"""Of ones, to five decimals."""


def folder_with_the_files() -> Path:
    folder = os.environ.get("LVMLIB_DATA")
    if not folder:
        pytest.skip("LVMLIB_DATA is not set: it would name a folder with the published files")
    if not (Path(folder) / "binarized-mnist").is_dir():
        pytest.skip("the folder that LVMLIB_DATA names holds no binarized-mnist")
    return Path(folder)


@pytest.mark.parametrize("split", SIZES)
def test_the_published_files(split: str) -> None:
    found = data.binarized_mnist(split, root=folder_with_the_files())
    assert found.x.shape == (SIZES[split], 784) and found.x.dtype == torch.float32 and found.x.is_contiguous()
    assert set(torch.unique(found.x).tolist()) == {0.0, 1.0}
    assert float(found.x.double().mean()) == pytest.approx(SHARES[split], abs=5e-6)
    assert found.image_shape == (28, 28) and found.levels == 2 and found.labels is None
    torch.testing.assert_close(found.intensity, found.x, rtol=0, atol=0)


def test_its_pixels_are_those_of_mnist_by_chance() -> None:
    """No ink where the grey image has none, ink where it is full: the test rows are MNIST's sorted by digit."""
    root = folder_with_the_files()
    binary = data.binarized_mnist("test", root=root).x
    grey = data.mnist("test", root=root)
    grey_sorted = grey.x[torch.sort(grey.labels, stable=True).indices]
    assert not (binary[grey_sorted == 0] == 1).any() and not (binary[grey_sorted == 255] == 0).any()
    between = (grey_sorted > 100) & (grey_sorted < 150)
    n, mean = int(between.sum()), float(grey_sorted[between].mean()) / 255
    assert abs(float(binary[between].mean()) - mean) < 5 * (mean * (1 - mean) / n) ** 0.5  # five standard errors


def test_a_file_of_the_same_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = (np.random.default_rng(0).random((5, 784)) < 0.3).astype(np.uint8)
    path = tmp_path / "binarized-mnist" / "binarized_mnist_test.mat"
    path.parent.mkdir()
    savemat(path, {"X": pixels}, do_compression=True)
    content = path.read_bytes()
    file = PublishedFile("binarized-mnist/binarized_mnist_test.mat", len(content), hashlib.sha256(content).hexdigest(), ())
    monkeypatch.setitem(binarized.BINARIZED_MNIST, "test", file)
    found = data.binarized_mnist("test", torch.float64, root=tmp_path)
    np.testing.assert_array_equal(found.x.numpy(), pixels)
    assert found.x.dtype == torch.float64


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="split must be one of 'train', 'validation', 'test', got 'valid'"):
        data.binarized_mnist("valid")
    with pytest.raises(ValueError, match="dtype must be"):
        data.binarized_mnist(dtype=torch.float16)
    with pytest.raises(data.DatasetUnavailable, match="there is no file binarized-mnist/binarized_mnist_train.mat"):
        data.binarized_mnist(root=tmp_path)
