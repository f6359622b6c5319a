"""Small tables of measurements: iris and Old Faithful."""

from __future__ import annotations

import csv
import os

import numpy as np
import torch

from lvmlib.data.files import PublishedFile
from lvmlib.data.record import Dataset
from lvmlib.validation import check_dtype

RDATASETS = "https://raw.githubusercontent.com/vincentarelbundock/Rdatasets"
FAITHFUL = PublishedFile(
    "old-faithful/faithful.csv",
    3_260,
    "5043db1e2c51c8e8fd67e0868c768ae589770cc76ad0ac0c5b7afd1fca31fc57",
    # the commit in which the file was checked, and one that holds the same file under its full name
    (
        f"{RDATASETS}/1dcc2bf/csv/datasets/faithful.csv",
        f"{RDATASETS}/cc03c29690889dbe83089f5206e2422db8c3f71f/csv/datasets/faithful.csv",
    ),
)


def iris(dtype: torch.dtype = torch.float32) -> Dataset:
    """Fisher's irises: four lengths in cm of 150 flowers, 50 of each of three species.

    Licence: CC BY 4.0 (UCI Machine Learning Repository); scikit-learn's copy BSD-3-Clause.
    Source: shipped with scikit-learn, ``sklearn.datasets.load_iris``; no network. It is R's
    table, and differs from UCI's in two flowers, where UCI's has errors.

    Parameters
    ----------
    dtype
        torch.float32 or torch.float64. The lengths have one decimal, which float32 rounds.

    Raises
    ------
    ValueError
        If ``dtype`` is another one.
    ImportError
        If scikit-learn is not installed.

    References
    ----------
    Fisher, The use of multiple measurements in taxonomic problems, 1936.
    """
    check_dtype(dtype)
    try:
        from sklearn.datasets import load_iris
    except ImportError as error:
        raise ImportError("iris needs scikit-learn: pip install lvmlib[data]") from error
    shipped = load_iris()
    return Dataset(
        name="iris",
        x=torch.tensor(shipped.data, dtype=dtype),
        labels=torch.tensor(shipped.target, dtype=torch.int64),
        label_names=tuple(map(str, shipped.target_names)),
        feature_names=("sepal length", "sepal width", "petal length", "petal width"),
        units="cm",
        description="Four lengths of 150 irises, 50 of each of three species.",
        licence="CC BY 4.0 (UCI); scikit-learn's copy BSD-3-Clause",
        source="scikit-learn, sklearn.datasets.load_iris; UCI Machine Learning Repository, Iris",
        citation="R. A. Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7, 1936",
    )


def old_faithful(dtype: torch.dtype = torch.float32, root: str | os.PathLike | None = None) -> Dataset:
    """Old Faithful geyser: duration of 272 eruptions and the wait for the next, in minutes.

    Licence: GPL-3 (Rdatasets, from R's package ``datasets``). Source:
    github.com/vincentarelbundock/Rdatasets, csv/datasets/faithful.csv at commit 1dcc2bf,
    3,260 bytes, SHA-256 checked; see :mod:`lvmlib.data` for where it is looked for.

    Parameters
    ----------
    dtype
        torch.float32 or torch.float64.
    root
        A folder that holds ``old-faithful/faithful.csv``; nothing else is tried then.

    Raises
    ------
    ValueError
        If ``dtype`` is another one, or ``root`` is not a folder.
    DatasetUnavailable
        If the file is not to be had, or is not the published one.

    References
    ----------
    Haerdle, Smoothing Techniques with Implementation in S, 1991; Azzalini & Bowman, A look at
    some data on the Old Faithful geyser, 1990.
    """
    check_dtype(dtype)
    with open(FAITHFUL.find(root), newline="", encoding="ascii") as file:
        rows = [(float(row["eruptions"]), float(row["waiting"])) for row in csv.DictReader(file)]
    return Dataset(
        name="old_faithful",
        x=torch.from_numpy(np.array(rows)).to(dtype),
        labels=None,
        label_names=(),
        feature_names=("eruption duration", "wait for the next"),
        units="min",
        description="272 eruptions of the Old Faithful geyser in Yellowstone National Park.",
        licence="GPL-3 (Rdatasets)",
        source="github.com/vincentarelbundock/Rdatasets, csv/datasets/faithful.csv, commit 1dcc2bf",
        citation="W. Haerdle, Smoothing Techniques with Implementation in S, Springer 1991; "
        "A. Azzalini and A. W. Bowman, A look at some data on the Old Faithful geyser, Applied Statistics 39, 1990",
    )
