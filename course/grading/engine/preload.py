"""What a warm server imports once, so that no submission has to.

The modules that any homework withholds are kept out: what the server had imported, a
student could find in the memory of a fork. Modules that need a withheld one stay cold.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import pkgutil
import random
import sys
from collections.abc import Iterable

from course.grading.engine import linux
from course.grading.withhold import Withheld

ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    )
}
"""A fork carries over one thread only: a pool made before it would wait for ever."""

LIBRARIES = (
    "torch",
    "numpy",
    "IPython",
    "IPython.core.pylabtools",
    "multiprocessing.pool",
    "concurrent.futures.process",
)
BESIDE_PACKAGES = (
    "torch.distributions",
    "numpy.testing",
    "matplotlib",
    "matplotlib.pyplot",
    "matplotlib.animation",
    "matplotlib.backends.backend_agg",
    "PIL.PngImagePlugin",
    "sklearn.datasets",
)
"""What homework takes that takes a package of the course's; one that takes none is short, and so is its server's start."""
KERNEL = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    # what a kernel imports while it starts
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.debugger_backport",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "course.grading.engine.kernel",
    "course.grading.engine.student_side",
)
TRUSTED = ("course.grading.engine.trusted",)
NEVER = "matplotlib_inline"
"""Ties figures to the shell that exists when it is imported; in the server there is none, and figures would be lost."""


def warm_up(withheld: Iterable[str], kernel: bool, packages: Iterable[str] = ("lvmlib",)) -> list[str]:
    """Import the libraries and every module of ``packages``; the names of those that stay cold are returned.

    Raises
    ------
    RuntimeError
        If the process has more than one thread afterwards, or holds a module that it must not hold.
    """
    os.environ.update(ONE_THREAD, MPLBACKEND="module://matplotlib_inline.backend_inline")
    # not part of grading, and a tenth of a second of each kernel's start
    sys.modules["debugpy"] = None
    finder = Withheld("a homework", withheld)
    sys.meta_path.insert(0, finder)
    cold = []
    packages = list(packages)
    names = [*LIBRARIES, *(BESIDE_PACKAGES if packages else ()), *(KERNEL if kernel else TRUSTED)]
    for package in packages:
        names += [package, *_below(package)]
    for name in names:
        if finder.covers(name):
            cold.append(name)
            continue
        try:
            importlib.import_module(name)
        except ImportError:
            cold.append(name)
    sys.meta_path.remove(finder)
    _first_use()
    random.seed()
    if held := [name for name in sys.modules if finder.covers(name) or name.split(".")[0] == NEVER]:
        raise RuntimeError(f"the warm server has imported {', '.join(held)}")
    if linux.SUPPORTED and linux.threads() != 1:
        raise RuntimeError(f"the warm server has {linux.threads()} threads before its first fork; it must have one")
    # a collection in a child would write to every object, and so copy every page
    gc.collect()
    gc.freeze()
    return cold


def reseed(seed: int | None = None) -> None:
    """Give Python's, NumPy's and torch's global generators a fresh state, or the one that ``seed`` gives."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(None if seed is None else seed % 2**32)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.seed() if seed is None else torch.manual_seed(seed)


def _below(package: str) -> list[str]:
    """Names of the modules of a package, found on disk without importing any."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return []
    return _in_folders(spec.submodule_search_locations, package)


def _in_folders(folders: Iterable[str], package: str) -> list[str]:
    names = []
    for module in pkgutil.iter_modules(folders):
        if module.name == "__main__":  # to import it would be to run it
            continue
        name = f"{package}.{module.name}"
        names.append(name)
        if module.ispkg:
            names += _in_folders([os.path.join(folder, module.name) for folder in folders], name)
    return names


def _first_use() -> None:
    """Let the libraries read what they read of the machine at their first use."""
    if torch := sys.modules.get("torch"):
        torch.ones(2, 2) @ torch.ones(2, 2)
    if numpy := sys.modules.get("numpy"):
        numpy.linalg.solve(numpy.eye(2), numpy.ones(2))
