"""Short time series: one row a time, in order."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.data.files import PublishedFile
from lvmlib.data.record import Dataset
from lvmlib.validation import check_dtype

RDATASETS = "https://raw.githubusercontent.com/vincentarelbundock/Rdatasets/1dcc2bf/csv"
RDATASETS_SOURCE = "github.com/vincentarelbundock/Rdatasets, csv/{path}, commit 1dcc2bf"
EARTHQUAKES = PublishedFile(
    "series/earthquakes.data",
    314,
    "0f6360967cd945235e2bd1e4f4ea5e18312a507d7d0260f2049e9a9606d2e8bb",
    ("https://raw.githubusercontent.com/ifsm/apollon/759fa5c/datasets/earthquakes.data",),
)
GEYSER = PublishedFile(
    "old-faithful/geyser.csv",
    3_992,
    "691381248e0418ccbfc23cc5093e71220313ddb7ffb70e817e27a6dfb900fbcc",
    (f"{RDATASETS}/MASS/geyser.csv",),
)


@dataclass(frozen=True, eq=False, repr=False)
class Series(Dataset):
    """A data set whose rows follow one another in time."""

    time: Float[Tensor, " batch"]
    """When: years with fractions, or the number of the row where no time was published. float64."""
    time_name: str
    """For an axis: "year", "eruption"."""


@dataclass(frozen=True)
class YearlyFile:
    """One of R's series as Rdatasets has it: columns rownames, time, value."""

    file: PublishedFile
    feature_name: str
    units: str
    description: str
    citation: str


def _yearly(name: str, size: int, sha256: str, feature: str, units: str, description: str, citation: str) -> YearlyFile:
    file = PublishedFile(f"series/{name}.csv", size, sha256, (f"{RDATASETS}/datasets/{name}.csv",))
    return YearlyFile(file, feature, units, description, citation)


YEARLY = {
    "nile": _yearly(
        "Nile",
        1_242,
        "d0452bea38c61e796a4eeb950bf91d20fb5c7f13d5822eadf5990fe54f9c8d07",
        "annual flow",
        "10^8 m^3",
        "Flow of the Nile at Aswan in each of the years 1871 to 1970.",
        "J. Durbin and S. J. Koopman, Time Series Analysis by State Space Methods, Oxford 2001",
    ),
    "lynx": _yearly(
        "lynx",
        1_438,
        "0766d4043eb8a20ac83afefff1c78063beff3891571c59e8e38d72503ca86cf1",
        "lynx trapped",
        "count",
        "Lynx trapped in Canada in each of the years 1821 to 1934.",
        "M. J. Campbell and A. M. Walker, A survey of statistical work on the Mackenzie River series of annual "
        "Canadian lynx trappings, Journal of the Royal Statistical Society A 140, 1977",
    ),
    "sunspots": _yearly(
        "sunspot.year",
        3_792,
        "f6d6b62da79feac7408cd876efff2bf9c9853fd6b76b59ed3717a51d997764f9",
        "sunspot number",
        "relative number",
        "Sunspot numbers of the years 1700 to 1988.",
        "H. Tong, Non-linear Time Series, Oxford 1990",
    ),
    "discoveries": _yearly(
        "discoveries",
        1_014,
        "02bb14a10cd308044c8b0427ce6ced50e06b1423b9624cd027473c1c4e7ffc8b",
        "discoveries",
        "count",
        "Great inventions and scientific discoveries in each of the years 1860 to 1959.",
        "D. R. McNeil, Interactive Data Analysis, Wiley 1977",
    ),
    "air_passengers": _yearly(
        "AirPassengers",
        3_032,
        "bdb98adbd418a6de6842a742e0602f363c3b841c26677e7e61a1e055e9509bd8",
        "passengers",
        "thousands",
        "Passengers of international airlines in each month of 1949 to 1960.",
        "G. E. P. Box and G. M. Jenkins, Time Series Analysis, Forecasting and Control, 1976",
    ),
}


def earthquakes(dtype: torch.dtype = torch.float64, root: str | os.PathLike | None = None) -> Series:
    """Earthquakes of magnitude 7 or more in the world, in each of the years 1900 to 2006.

    Licence: BSD-3-Clause (the repository that publishes the file). Source:
    github.com/ifsm/apollon, datasets/earthquakes.data at commit 759fa5c, 314 bytes, SHA-256
    checked; see :mod:`lvmlib.data` for where it is looked for. The counts are of the U.S.
    Geological Survey.

    Parameters
    ----------
    dtype
        torch.float32 or torch.float64.
    root
        A folder that holds ``series/earthquakes.data``; nothing else is tried then.

    Raises
    ------
    ValueError
        If ``dtype`` is another one, or ``root`` is not a folder.
    DatasetUnavailable
        If the file is not to be had, or is not the published one.

    References
    ----------
    Zucchini & MacDonald, Hidden Markov Models for Time Series, 2009, table 1.1.
    """
    check_dtype(dtype)
    counts = [float(field) for field in EARTHQUAKES.find(root).read_text(encoding="ascii").split(",")]
    return Series(
        name="earthquakes",
        x=torch.tensor(counts, dtype=dtype)[:, None],
        labels=None,
        label_names=(),
        feature_names=("earthquakes of magnitude 7 or more",),
        units="count",
        description="Earthquakes of magnitude 7 or more in the world, in each of the years 1900 to 2006.",
        licence="BSD-3-Clause (the repository that publishes the file)",
        source="github.com/ifsm/apollon, datasets/earthquakes.data, commit 759fa5c",
        citation="W. Zucchini and I. L. MacDonald, Hidden Markov Models for Time Series, Chapman & Hall/CRC 2009",
        time=torch.arange(1900, 1900 + len(counts), dtype=torch.float64),
        time_name="year",
    )


def geyser(dtype: torch.dtype = torch.float64, root: str | os.PathLike | None = None) -> Series:
    """Old Faithful geyser in time order: 299 consecutive eruptions, 1 to 15 August 1985, in minutes.

    Durations of some eruptions at night were noted as short, medium or long only, and are
    coded 2, 3 and 4.

    Licence: GPL-3 (Rdatasets, from R's package ``MASS``). Source:
    github.com/vincentarelbundock/Rdatasets, csv/MASS/geyser.csv at commit 1dcc2bf, 3,992
    bytes, SHA-256 checked; see :mod:`lvmlib.data` for where it is looked for. Parameters and
    errors as :func:`earthquakes`.

    References
    ----------
    Azzalini & Bowman, A look at some data on the Old Faithful geyser, 1990.
    """
    check_dtype(dtype)
    rows = _columns(GEYSER.find(root), "waiting", "duration")
    return Series(
        name="geyser",
        x=torch.tensor(rows, dtype=dtype),
        labels=None,
        label_names=(),
        feature_names=("wait before the eruption", "eruption duration"),
        units="min",
        description="299 consecutive eruptions of the Old Faithful geyser in Yellowstone National Park, August 1985.",
        licence="GPL-3 (Rdatasets)",
        source=RDATASETS_SOURCE.format(path="MASS/geyser.csv"),
        citation="A. Azzalini and A. W. Bowman, A look at some data on the Old Faithful geyser, Applied Statistics 39, 1990",
        time=torch.arange(1, len(rows) + 1, dtype=torch.float64),
        time_name="eruption",
    )


def nile(dtype: torch.dtype = torch.float64, root: str | os.PathLike | None = None) -> Series:
    """Annual flow of the Nile at Aswan, 1871 to 1970, in 10^8 m^3.

    Licence: GPL-3 (Rdatasets, from R's package ``datasets``). Source:
    github.com/vincentarelbundock/Rdatasets, csv/datasets/Nile.csv at commit 1dcc2bf, SHA-256
    checked. Parameters and errors as :func:`earthquakes`; also Durbin & Koopman 2001.
    """
    return _yearly_series("nile", dtype, root)


def lynx(dtype: torch.dtype = torch.float64, root: str | os.PathLike | None = None) -> Series:
    """Lynx trapped in Canada, 1821 to 1934.

    Licence: GPL-3 (Rdatasets, from R's package ``datasets``). Source:
    github.com/vincentarelbundock/Rdatasets, csv/datasets/lynx.csv at commit 1dcc2bf, SHA-256
    checked. Parameters and errors as :func:`earthquakes`; also Campbell & Walker 1977.
    """
    return _yearly_series("lynx", dtype, root)


def sunspots(dtype: torch.dtype = torch.float64, root: str | os.PathLike | None = None) -> Series:
    """Yearly sunspot numbers, 1700 to 1988.

    Licence: GPL-3 (Rdatasets, from R's package ``datasets``). Source:
    github.com/vincentarelbundock/Rdatasets, csv/datasets/sunspot.year.csv at commit 1dcc2bf,
    SHA-256 checked. Parameters and errors as :func:`earthquakes`; also Tong 1990.
    """
    return _yearly_series("sunspots", dtype, root)


def discoveries(dtype: torch.dtype = torch.float64, root: str | os.PathLike | None = None) -> Series:
    """Great inventions and discoveries of each year, 1860 to 1959.

    Licence: GPL-3 (Rdatasets, from R's package ``datasets``). Source:
    github.com/vincentarelbundock/Rdatasets, csv/datasets/discoveries.csv at commit 1dcc2bf,
    SHA-256 checked. Parameters and errors as :func:`earthquakes`; also McNeil 1977.
    """
    return _yearly_series("discoveries", dtype, root)


def air_passengers(dtype: torch.dtype = torch.float64, root: str | os.PathLike | None = None) -> Series:
    """Monthly passengers of international airlines in thousands, 1949 to 1960.

    Licence: GPL-3 (Rdatasets, from R's package ``datasets``). Source:
    github.com/vincentarelbundock/Rdatasets, csv/datasets/AirPassengers.csv at commit 1dcc2bf,
    SHA-256 checked. Parameters and errors as :func:`earthquakes`; also Box & Jenkins 1976.
    """
    return _yearly_series("air_passengers", dtype, root)


def _yearly_series(name: str, dtype: torch.dtype, root: str | os.PathLike | None) -> Series:
    check_dtype(dtype)
    published = YEARLY[name]
    rows = torch.tensor(_columns(published.file.find(root), "time", "value"), dtype=torch.float64)
    return Series(
        name=name,
        x=rows[:, 1:].to(dtype),
        labels=None,
        label_names=(),
        feature_names=(published.feature_name,),
        units=published.units,
        description=published.description,
        licence="GPL-3 (Rdatasets)",
        source=RDATASETS_SOURCE.format(path=f"datasets/{Path(published.file.path).name}"),
        citation=published.citation,
        time=rows[:, 0],
        time_name="year",
    )


def _columns(path: Path, *names: str) -> list[list[float]]:
    with open(path, newline="", encoding="ascii") as file:
        return [[float(row[name]) for name in names] for row in csv.DictReader(file)]
