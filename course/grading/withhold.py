"""Withhold modules that would give an answer away from the kernel in which a homework is graded.

``nbgrader_config.py`` passes :func:`kernel_arguments` to nbgrader, so that every kernel
that nbgrader starts, from ``lvm-course`` or from plain ``nbgrader autograde``, runs
:func:`install` before the notebook's first cell. It runs this file by its path, so only
the standard library may be imported at its top.

This keeps the honest on the right way. A submission that sets out to get round it can,
as it can get round anything in its own process.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.abc import MetaPathFinder
from pathlib import Path


class Withheld(MetaPathFinder):
    """Refuses to import some modules and all that is below them."""

    def __init__(self, homework: str, modules: Iterable[str]) -> None:
        self.homework = homework
        self.modules = tuple(modules)

    def covers(self, name: str) -> bool:
        return any(name == module or name.startswith(f"{module}.") for module in self.modules)

    def find_spec(self, name, path=None, target=None):
        if self.covers(name):
            raise ImportError(
                f"{name} is withheld while {self.homework} is graded: it would give an answer away. "
                "Solve the homework without it.",
                name=name,
            )
        return None


def install(withheld: dict[str, list[str]], homework: str | None = None) -> None:
    """Make the modules that are withheld for a homework not importable in this process.

    Parameters
    ----------
    withheld : dict
        Modules by homework.
    homework : str, optional
        By default the name of the current directory: nbgrader starts the kernel in
        ``autograded/<student>/<homework>``.
    """
    homework = Path.cwd().name if homework is None else homework
    modules = withheld.get(homework, [])
    if not modules:
        return
    finder = Withheld(homework, modules)
    sys.meta_path.insert(0, finder)
    # what is imported already would be found without asking the finder
    for name in [name for name in sys.modules if finder.covers(name)]:
        del sys.modules[name]
        package, _, attribute = name.rpartition(".")
        if package in sys.modules and hasattr(sys.modules[package], attribute):
            delattr(sys.modules[package], attribute)


def kernel_arguments(root: Path) -> list[str]:
    """Arguments that make an IPython kernel install what the homeworks below ``root`` withhold.

    Raises
    ------
    ValueError
        If a ``homework.toml`` is not TOML or its ``withheld`` is not a list of names: better no
        grading than grading unguarded.
    """
    withheld = {}
    for path in sorted(root.glob("course/answers/*/homework.toml")):
        try:
            modules = tomllib.loads(path.read_text(encoding="utf-8")).get("withheld", [])
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path} is not TOML: {error}") from error
        if not isinstance(modules, list) or not all(isinstance(module, str) for module in modules):
            raise ValueError(f"{path}: withheld is {modules!r}; it must be a list of module names")
        withheld[path.parent.name] = modules
    if not any(withheld.values()):
        return []
    return [f"--IPKernelApp.exec_lines=__import__('runpy').run_path({__file__!r})['install']({withheld!r})"]
