"""Objects of the libraries that cross the bridge as what they are, made anew on the other side.

Functions of torch, NumPy, math and lvmlib travel by their name, and a derivation by its
lines: the receiver uses its own library's, never the sender's.
"""

from __future__ import annotations

import sys

COMMON = {
    "np": "numpy",
    "plt": "matplotlib.pyplot",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "optim": "torch.optim",
    "distributions": "torch.distributions",
    "D": "torch.distributions",
    "dist": "torch.distributions",
}
PACKAGES = frozenset({"torch", "numpy", "lvmlib", "matplotlib"})
LIBRARIES = ("torch", "numpy", "math", "builtins")


def library_name(thing: object) -> list[str] | None:
    """[module, name] of a public function or class of a library, or None."""
    name = getattr(thing, "__name__", None)
    if not callable(thing) or not isinstance(name, str):
        return None
    module = getattr(thing, "__module__", None)
    for candidate in (module, "torch", "torch.nn.functional", "numpy"):
        if isinstance(candidate, str) and candidate.split(".")[0] in LIBRARIES and candidate in sys.modules:
            if getattr(sys.modules[candidate], name, None) is thing:
                return [candidate, name]
    return None


def library_object(named: object) -> object:
    """The receiver's own object of this name.

    Raises
    ------
    ValueError
        If it is not a name that :func:`library_name` gives.
    """
    if type(named) is list and len(named) == 2 and all(type(part) is str for part in named):
        module, name = named
        if module.split(".")[0] in LIBRARIES and module in sys.modules and hasattr(sys.modules[module], name):
            return getattr(sys.modules[module], name)
    raise ValueError(f"{named!r} is not the name of a library's function")


def library_module(name: str, module: str) -> object:
    """The receiver's own module for a name that the sender's ``import`` gave a module.

    Only under the module's own last name or the one that everybody gives it: ``np`` is never
    another module than NumPy, whatever the sender says. Nothing is imported that was not.

    Raises
    ------
    NameError
        If it is another name, or a module that is not at hand.
    """
    top = module.split(".")[0]
    common = COMMON.get(name, module if module.split(".")[-1] == name else None)
    if module != common or module not in sys.modules or top not in sys.stdlib_module_names | PACKAGES:
        raise NameError(
            f"name {name!r} is a module in the submission, and a test does not take it from there; "
            "import it in a locked cell"
        )
    return sys.modules[module]


def to_plain(thing: object) -> dict | None:
    """What :func:`from_plain` makes the object from, or None if it is not one of these."""
    derivation = sys.modules.get("lvmlib.derivation")
    if derivation is not None and type(thing) is derivation.Derivation:
        return {"kind": "derivation", "lines": thing.to_data()}
    return None


def from_plain(plain: object) -> object:
    """The object, made by this side's own library; ValueError if it can't be."""
    if type(plain) is dict and plain.get("kind") == "derivation":
        from lvmlib import derivation

        try:
            return derivation.Derivation.from_data(plain.get("lines"))
        except TypeError as error:
            raise ValueError(str(error)) from None
    raise ValueError("not a value of a library")
