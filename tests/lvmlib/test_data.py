"""Loaders: what they return, and images made binary."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lvmlib import data
from lvmlib.data import images, tables
from lvmlib.data.files import PublishedFile
from lvmlib.data.idx import read_idx

FAITHFUL_FORM = b"rownames,eruptions,waiting\n1,3.25,79\n2,1.5,54\n3,4.125,74\n"
"""Three rows of our own in the form of faithful.csv."""


def local(path: str) -> None:
    """Skip a test that needs a published file which no local folder holds."""
    folder = os.environ.get("LVMLIB_DATA")
    if not folder:
        pytest.skip("LVMLIB_DATA is not set: it would name a folder with the published files")
    if not (Path(folder) / path).is_file():
        pytest.skip(f"the folder that LVMLIB_DATA names holds no {path}")


def published(path: str, content: bytes, *urls: str) -> PublishedFile:
    return PublishedFile(path, len(content), hashlib.sha256(content).hexdigest(), urls)


class TestShipped:
    """digits and iris, as scikit-learn ships them."""

    def test_iris(self):
        iris = data.iris(torch.float64)
        assert iris.x.shape == (150, 4) and len(iris) == 150
        assert torch.bincount(iris.labels).tolist() == [50, 50, 50]
        assert iris.label_names == ("setosa", "versicolor", "virginica")
        # the table's own summary, to its two decimals; a sum of 150 decimals rounds at 1e-13
        np.testing.assert_allclose(iris.x.mean(dim=0), [5.84333333, 3.05733333, 3.758, 1.19933333], rtol=0, atol=5e-9)
        assert iris.axis_labels[2] == "petal length (cm)"
        assert iris.image_shape is None and iris.levels is None

    def test_iris_is_the_corrected_table(self):
        # flowers 35 and 38, which UCI's copy has wrong
        x = data.iris(torch.float64).x
        assert x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
        assert x[37].tolist() == [4.9, 3.6, 1.4, 0.1]

    def test_digits(self):
        digits = data.digits(torch.float64)
        assert digits.x.shape == (1797, 64) and digits.image_shape == (8, 8) and digits.levels == 17
        assert (digits.x.min(), digits.x.max()) == (0, 16)
        assert torch.bincount(digits.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
        assert digits.feature_names[13] == "pixel 1 5"
        # row by row: scikit-learn's own images
        from sklearn.datasets import load_digits

        np.testing.assert_array_equal(digits.x.reshape(-1, 8, 8), load_digits().images)

    @pytest.mark.parametrize("loader", [data.digits, data.iris])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_dtype_is_the_callers(self, loader, dtype):
        loaded = loader(dtype)
        assert loaded.x.dtype == dtype and loaded.labels.dtype == torch.int64

    def test_intensity_runs_from_0_to_1(self):
        digits = data.digits()
        torch.testing.assert_close(digits.intensity, digits.x / 16, rtol=0, atol=0)
        assert digits.intensity.max() == 1

    def test_a_table_has_no_intensity(self):
        with pytest.raises(ValueError, match="iris has no intensity: it is a table of sepal length"):
            data.iris().intensity

    @pytest.mark.parametrize("loader", [data.digits, data.iris, data.old_faithful, data.mnist])
    def test_other_dtypes_are_refused(self, loader):
        with pytest.raises(ValueError, match="dtype must be torch.float32 or torch.float64, got torch.int64"):
            loader(dtype=torch.int64)

    @pytest.mark.parametrize("loader", [data.digits, data.iris, data.old_faithful, data.mnist])
    def test_docstring_says_licence_and_source(self, loader):
        assert "Licence:" in loader.__doc__ and "Source:" in loader.__doc__

    def test_a_record_cannot_be_changed(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            data.iris().name = "tulips"

    def test_without_scikit_learn_the_error_names_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
        with pytest.raises(ImportError, match=r"pip install lvmlib\[data\]"):
            data.iris()
        with pytest.raises(ImportError, match=r"pip install lvmlib\[data\]"):
            data.digits()


class TestPublished:
    """The real files, where a local folder holds them."""

    def test_old_faithful(self):
        local("old-faithful/faithful.csv")
        faithful = data.old_faithful(torch.float64)
        assert faithful.x.shape == (272, 2) and faithful.labels is None and faithful.label_names == ()
        # means and standard deviations as published, to their six decimals
        np.testing.assert_allclose(faithful.x.mean(dim=0), [3.487783, 70.897059], rtol=0, atol=5e-7)
        np.testing.assert_allclose(faithful.x.std(dim=0), [1.141371, 13.594974], rtol=0, atol=5e-7)
        assert faithful.axis_labels == ("eruption duration (min)", "wait for the next (min)")
        assert "GPL-3" in faithful.licence

    def test_root_comes_before_the_environment(self, monkeypatch, tmp_path):
        local("old-faithful/faithful.csv")
        root = os.environ["LVMLIB_DATA"]
        monkeypatch.setenv("LVMLIB_DATA", str(tmp_path))
        assert len(data.old_faithful(root=root)) == 272

    @pytest.mark.parametrize(
        ("split", "counts", "first_labels"),
        [
            ("train", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], [5, 0, 4, 1, 9]),
            ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], [7, 2, 1, 0, 4]),
        ],
    )
    def test_mnist(self, split, counts, first_labels):
        local("mnist/train-images-idx3-ubyte.gz")
        mnist = data.mnist(split)
        assert mnist.x.shape == (sum(counts), 784) and mnist.x.dtype == torch.float32
        assert (mnist.x.min(), mnist.x.max(), mnist.levels, mnist.image_shape) == (0, 255, 256, (28, 28))
        assert torch.bincount(mnist.labels).tolist() == counts
        assert mnist.labels[:5].tolist() == first_labels
        # ink lies in the middle: the border of all images together is empty but for a trace
        mean = mnist.x.mean(dim=0).reshape(28, 28)
        assert mean[13:15, 13:15].min() > 80 and mean[0].max() < 1 and mean[:, 0].max() < 1

    def test_mnist_pixels_have_their_well_known_mean(self):
        local("mnist/train-images-idx3-ubyte.gz")
        # 0.1307 and 0.3081, which everyone standardizes by
        intensity = data.mnist("train", torch.float64).intensity
        assert intensity.mean().item() == pytest.approx(0.1307, abs=5e-5)
        assert intensity.std(correction=0).item() == pytest.approx(0.3081, abs=5e-5)

    def test_splits_are_named(self):
        with pytest.raises(ValueError, match="split must be one of 'train', 'test', got 'valid'"):
            data.mnist("valid")


class TestForm:
    """Loaders on small files of our own in the published form: need no published file."""

    def test_old_faithful(self, tmp_path, monkeypatch):
        (tmp_path / "old-faithful").mkdir()
        (tmp_path / "old-faithful/faithful.csv").write_bytes(FAITHFUL_FORM)
        monkeypatch.setattr(tables, "FAITHFUL", published("old-faithful/faithful.csv", FAITHFUL_FORM))
        assert data.old_faithful(torch.float64, root=tmp_path).x.tolist() == [[3.25, 79], [1.5, 54], [4.125, 74]]

    def test_mnist(self, tmp_path, monkeypatch):
        pixels = np.random.default_rng(4).integers(0, 256, (3, 28, 28), dtype=np.uint8)
        image_file = gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 3, 28, 28) + pixels.tobytes(), mtime=0)
        label_file = gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 3) + bytes([7, 0, 9]), mtime=0)
        files = (published("mnist/images.gz", image_file), published("mnist/labels.gz", label_file))
        monkeypatch.setitem(images.MNIST, "test", files)
        (tmp_path / "mnist").mkdir()
        (tmp_path / "mnist/images.gz").write_bytes(image_file)
        (tmp_path / "mnist/labels.gz").write_bytes(label_file)
        mnist = data.mnist("test", torch.float64, root=tmp_path)
        np.testing.assert_array_equal(mnist.x, pixels.reshape(3, 784))
        assert mnist.labels.tolist() == [7, 0, 9]


class TestIdx:
    header = b"\0\0\x08\x02" + struct.pack(">2I", 2, 3)

    @pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
    def test_reads_what_was_written(self, tmp_path, compress):
        (tmp_path / "file").write_bytes(compress(self.header + bytes([1, 2, 3, 250, 0, 255])))
        assert read_idx(tmp_path / "file").tolist() == [[1, 2, 3], [250, 0, 255]]

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"", "not an IDX file"),
            (b"PK\x03\x04 and so on", "not an IDX file: it begins with b'PK"),
            (header + bytes(5), "holds 5 values, but its header says 2 x 3 = 6"),
            (header + bytes(7), "holds 7 values, but its header says 2 x 3 = 6"),
            (header[:9], "truncated: its header of 2 dimensions needs 12 bytes, it has 9"),
            (b"\0\0\x0d\x01" + bytes(8), "IDX type 0x0d; only unsigned bytes"),
            (gzip.compress(header + bytes(range(6)), mtime=0)[:-3], "truncated or damaged"),
            (gzip.compress(header + bytes(range(6)), mtime=0)[:15] + b"\xff\xff\xff\xff", "truncated or damaged"),
        ],
    )
    def test_refuses_what_is_not_idx(self, tmp_path, content, complaint):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(ValueError, match=complaint) as error:
            read_idx(tmp_path / "file")
        assert str(tmp_path / "file") in str(error.value)


class TestBinarize:
    intensity = torch.tensor([[0.0, 0.25, 0.5], [0.75, 1.0, 0.3]], dtype=torch.float64)

    def test_threshold(self):
        binary = data.binarize(self.intensity, threshold=0.5)
        assert binary.dtype == torch.float64 and binary.tolist() == [[0, 0, 0], [1, 1, 0]]

    def test_by_chance_the_mean_is_the_intensity(self):
        n_samples = 20_000
        generator = torch.Generator().manual_seed(11)
        mean = torch.stack([data.binarize(self.intensity, random_state=generator) for _ in range(n_samples)]).mean(dim=0)
        # five standard errors for each of six pixels; those of 0 and 1 have none
        standard_error = (self.intensity * (1 - self.intensity) / n_samples).sqrt()
        assert ((mean - self.intensity).abs() <= 5 * standard_error).all()

    def test_a_seed_reproduces_and_a_generator_goes_on(self):
        intensity = torch.full((40, 7), 0.4)
        assert torch.equal(data.binarize(intensity, random_state=3), data.binarize(intensity, random_state=3))
        generator = torch.Generator().manual_seed(3)
        first, second = (data.binarize(intensity, random_state=generator) for _ in range(2))
        assert torch.equal(first, data.binarize(intensity, random_state=3)) and not torch.equal(first, second)

    @pytest.mark.parametrize(
        ("intensity", "arguments", "error", "complaint"),
        [
            (torch.tensor([0.5, 16.0]), {"threshold": 0.5}, ValueError, r"intensity must lie in \[0, 1\], got 16.0 among 1"),
            (torch.tensor([0.5, torch.nan]), {"threshold": 0.5}, ValueError, r"intensity must lie in \[0, 1\], got nan"),
            (torch.tensor([0.5, -0.1]), {"random_state": 0}, ValueError, "intensity must lie in"),
            (torch.tensor([1, 0]), {"threshold": 0.5}, TypeError, "intensity must be a floating-point tensor, got torch.int64"),
            (torch.tensor([0.5]), {}, ValueError, "exactly one of threshold and random_state"),
            (torch.tensor([0.5]), {"threshold": 0.5, "random_state": 0}, ValueError, "exactly one of"),
            (torch.tensor([0.5]), {"threshold": 1.0}, ValueError, r"threshold must lie in \[0, 1\), got 1.0"),
        ],
    )
    def test_bad_input(self, intensity, arguments, error, complaint):
        with pytest.raises(error, match=complaint):
            data.binarize(intensity, **arguments)
