"""environment.yml holds the packages and versions of pyproject.toml, and nothing else."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}  # where conda-forge names it otherwise
FOR_CONDA = ("data", "plots", "notebook", "command", "course")


def split(requirement: str) -> tuple[str, str]:
    name, versions = re.fullmatch(r"\s*([\w.-]+)\s*(.*)", requirement).groups()
    return name, versions.replace(" ", "")


def test_conda_and_pip_ask_for_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = dict(map(split, project["dependencies"]))
    for extra in FOR_CONDA:
        wanted |= dict(split(r) for r in project["optional-dependencies"][extra] if not r.startswith("lvmlib["))
    wanted = {CONDA_NAMES.get(name, name): versions for name, versions in wanted.items()}

    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    given = dict(split(entry) for entry in conda if isinstance(entry, str))
    python, _ = given.pop("python"), given.pop("pip")
    assert given == wanted
    assert python.split(",") == [project["requires-python"], "<3.14"]
    assert [entry for entry in conda if isinstance(entry, dict)] == [{"pip": ["--editable ."]}]
