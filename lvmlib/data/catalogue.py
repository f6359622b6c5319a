"""Which published files a data set is read from, so that one knows before a download how large it is."""

from __future__ import annotations

from lvmlib.data.binarized import BINARIZED_MNIST
from lvmlib.data.dna import PROMOTERS, SPLICE
from lvmlib.data.files import PublishedFile
from lvmlib.data.images import MNIST
from lvmlib.data.series import EARTHQUAKES, GEYSER, YEARLY
from lvmlib.data.tables import FAITHFUL

FILES: dict[str, tuple[PublishedFile, ...]] = {
    "binarized_mnist": tuple(BINARIZED_MNIST.values()),
    "digits": (),
    "earthquakes": (EARTHQUAKES,),
    "geyser": (GEYSER,),
    "iris": (),
    "mnist": tuple(file for part in MNIST.values() for file in part),
    "old_faithful": (FAITHFUL,),
    "promoters": (PROMOTERS,),
    "splice_junctions": (SPLICE,),
} | {name: (yearly.file,) for name, yearly in YEARLY.items()}
"""By the loader's name; none where scikit-learn ships the data."""


def whereabouts(name: str) -> str:
    """ "shipped with scikit-learn", "at hand", or how much a first use downloads."""
    files = FILES[name]
    if not files:
        return "shipped with scikit-learn"
    return "at hand" if all(file.is_at_hand() for file in files) else f"downloads {_shown(sum(file.size for file in files))}"


def _shown(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e5 else f"{max(1, round(n_bytes / 1e3))} kB"
