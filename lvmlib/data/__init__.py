"""Data sets, each with its licence, source and checksum.

``digits`` and ``iris`` are shipped with scikit-learn and need no network. The others are
files: each is looked for in the folder given as ``root``, in the folder that the
environment variable ``LVMLIB_DATA`` names, and in the cache (``LVMLIB_CACHE``, or
``lvmlib`` in the user's cache folder), and is downloaded into the cache where it is in
none. A file is used only if its SHA-256 is the one written here.

    <folder>/old-faithful/faithful.csv
    <folder>/old-faithful/geyser.csv, series/{earthquakes.data, Nile.csv, lynx.csv, ...}
    <folder>/mnist/{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz
    <folder>/binarized-mnist/binarized_mnist_{train,valid,test}.mat
    <folder>/dna/promoters.data, splice.arff.gz (or, as published, splice.arff)
    <folder>/bmi/bmi_tasks.csv, bmi_samples.npz (simulated; not to be downloaded)
    <folder>/hansards/combination25000.{e,f}.gz, {test,dev}.{e,f}, {test,dev}.wa.nonullalign.gz

``spoken_digits`` is one file in a local folder, ``<folder>/fsdd/fsdd_takes_0-9.zip``, and 600
where it is downloaded; ``connected_digits`` joins its recordings into sequences.
"""

from lvmlib.data.binarized import binarized_mnist
from lvmlib.data.dna import promoters, splice_junctions
from lvmlib.data.files import DatasetUnavailable
from lvmlib.data.images import binarize, digits, mnist
from lvmlib.data.mutual_information_tasks import (
    MutualInformationTask,
    mutual_information_samples,
    mutual_information_task,
    mutual_information_values,
)
from lvmlib.data.parallel_text import ParallelText, hansards
from lvmlib.data.record import Dataset
from lvmlib.data.series import Series, air_passengers, discoveries, earthquakes, geyser, lynx, nile, sunspots
from lvmlib.data.spectrogram import LogMelSpectrogram
from lvmlib.data.speech import ConnectedDigits, SpokenDigits, connected_digits, spoken_digits
from lvmlib.data.tables import iris, old_faithful

__all__ = [
    "ConnectedDigits",
    "Dataset",
    "DatasetUnavailable",
    "LogMelSpectrogram",
    "MutualInformationTask",
    "ParallelText",
    "Series",
    "SpokenDigits",
    "air_passengers",
    "binarize",
    "binarized_mnist",
    "connected_digits",
    "digits",
    "discoveries",
    "earthquakes",
    "geyser",
    "hansards",
    "iris",
    "lynx",
    "mnist",
    "mutual_information_samples",
    "mutual_information_task",
    "mutual_information_values",
    "nile",
    "old_faithful",
    "promoters",
    "splice_junctions",
    "spoken_digits",
    "sunspots",
]
