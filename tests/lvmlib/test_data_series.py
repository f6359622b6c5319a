"""Loaders of time series: the published files where a local folder holds them, and small ones of the same form."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from lvmlib import data
from lvmlib.data import DatasetUnavailable, series
from lvmlib.data.files import PublishedFile

CSV_FORM = b'"rownames","time","value"\n1,1951,7.5\n2,1951.25,3\n3,1951.5,11\n'
LOADERS = [data.earthquakes, data.geyser, data.nile, data.lynx, data.sunspots, data.discoveries, data.air_passengers]


def published(path: str, content: bytes) -> PublishedFile:
    return PublishedFile(path, len(content), hashlib.sha256(content).hexdigest(), ())


def local(path: str) -> None:
    folder = os.environ.get("LVMLIB_DATA")
    if not folder:
        pytest.skip("LVMLIB_DATA is not set: it would name a folder with the published files")
    if not (Path(folder) / path).is_file():
        pytest.skip(f"the folder that LVMLIB_DATA names holds no {path}")


class TestPublished:
    # means as published with the files, to their decimals; first and last values as in the books' tables
    @pytest.mark.parametrize(
        ("loader", "path", "n", "mean", "years", "first"),
        [
            (data.earthquakes, "series/earthquakes.data", 107, 19.364, (1900, 2006), 13),
            (data.nile, "series/Nile.csv", 100, 919.35, (1871, 1970), 1120),
            (data.lynx, "series/lynx.csv", 114, 1538.018, (1821, 1934), 269),
            (data.sunspots, "series/sunspot.year.csv", 289, 48.613, (1700, 1988), 5),
            (data.discoveries, "series/discoveries.csv", 100, 3.1, (1860, 1959), 5),
            (data.air_passengers, "series/AirPassengers.csv", 144, 280.299, (1949, 1960 + 11 / 12), 112),
        ],
    )
    def test_yearly(self, loader, path, n, mean, years, first):
        local(path)
        loaded = loader(torch.float64)
        assert loaded.x.shape == (n, 1) and loaded.time.shape == (n,) and loaded.labels is None
        assert float(loaded.x.mean()) == pytest.approx(mean, abs=5e-4)
        assert float(loaded.time[0]) == years[0] and float(loaded.time[-1]) == pytest.approx(years[1])
        assert loaded.x[0, 0] == first and (loaded.time.diff() > 0).all()

    def test_earthquakes_have_the_book_s_variance(self):
        local("series/earthquakes.data")
        assert float(data.earthquakes().x.var()) == pytest.approx(51.573, abs=5e-4)

    def test_geyser(self):
        local("old-faithful/geyser.csv")
        geyser = data.geyser()
        assert geyser.x.shape == (299, 2) and geyser.axis_labels[1] == "eruption duration (min)"
        np.testing.assert_allclose(geyser.x.mean(dim=0), [72.314, 3.461], rtol=0, atol=5e-4)
        coded = (geyser.x[:, 1:] == torch.tensor([2.0, 3.0, 4.0])).any(dim=1)
        assert coded.sum() == 78  # the durations that were noted at night


class TestForm:
    def put(self, tmp_path, monkeypatch, path, content):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
        return published(path, content)

    def test_yearly(self, tmp_path, monkeypatch):
        file = self.put(tmp_path, monkeypatch, "series/lynx.csv", CSV_FORM)
        monkeypatch.setitem(series.YEARLY, "lynx", dataclasses.replace(series.YEARLY["lynx"], file=file))
        lynx = data.lynx(torch.float32, root=tmp_path)
        assert lynx.x.tolist() == [[7.5], [3.0], [11.0]] and lynx.x.dtype == torch.float32
        assert lynx.time.tolist() == [1951, 1951.25, 1951.5] and lynx.time.dtype == torch.float64
        assert lynx.axis_labels == ("lynx trapped (count)",)
        assert repr(lynx).startswith("Dataset(lynx: 3 x 1, count, torch.float32")

    def test_earthquakes(self, tmp_path, monkeypatch):
        file = self.put(tmp_path, monkeypatch, "series/earthquakes.data", b"13,14,8,10")
        monkeypatch.setattr(series, "EARTHQUAKES", file)
        loaded = data.earthquakes(root=tmp_path)
        assert loaded.x.tolist() == [[13], [14], [8], [10]] and loaded.time.tolist() == [1900, 1901, 1902, 1903]

    def test_geyser(self, tmp_path, monkeypatch):
        content = b"rownames,waiting,duration\n1,80,4.5\n2,71,2.25\n"
        monkeypatch.setattr(series, "GEYSER", self.put(tmp_path, monkeypatch, "old-faithful/geyser.csv", content))
        assert data.geyser(root=tmp_path).x.tolist() == [[80, 4.5], [71, 2.25]]

    @pytest.mark.parametrize("loader", LOADERS)
    def test_what_is_refused(self, loader, tmp_path):
        with pytest.raises(ValueError, match="dtype must be torch.float32 or torch.float64, got torch.int64"):
            loader(torch.int64)
        with pytest.raises(DatasetUnavailable, match="there is no file"):
            loader(root=tmp_path)

    @pytest.mark.parametrize("loader", LOADERS)
    def test_docstring_says_licence_and_source(self, loader):
        assert "Licence:" in loader.__doc__ and "Source:" in loader.__doc__
