"""Modules that would give an answer away: not importable in the kernel, and everything else as before."""

import subprocess
import sys

import pytest
from small_course import HOMEWORK, make_course

from course.grading import withhold
from course.grading.withhold import Withheld, kernel_arguments

WITHHELD = {"hw": ["xml.dom", "statistics"]}


def outcome(code: str, folder) -> str:
    """What a fresh process prints that installs the guard in a folder of the homework's name and runs ``code``."""
    (folder / "hw").mkdir()
    before, _, after = code.rpartition("# install\n")
    lines = [
        before,
        f"import runpy; runpy.run_path({withhold.__file__!r})['install']({WITHHELD!r})",
        "try:",
        *(f"    {line}" for line in after.splitlines()),
        "except Exception as error:",
        "    print(type(error).__name__, error)",
    ]
    program = "\n".join(lines)
    done = subprocess.run([sys.executable, "-c", program], cwd=folder / "hw", capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        "import statistics",
        "from statistics import mean",
        "import importlib; importlib.import_module('statistics')",
        "__import__('statistics')",
        # imported before the guard stood
        "import statistics\n# install\nimport statistics",
        "import statistics\n# install\nfrom statistics import mean",
    ],
)
def test_a_withheld_module_says_which_for_what_and_why(code, tmp_path):
    said = outcome(code, tmp_path)
    assert said == (
        "ImportError statistics is withheld while hw is graded: it would give an answer away. Solve the homework without it."
    )


@pytest.mark.parametrize(
    "code",
    [
        "import xml.dom",
        "import xml.dom.minidom",
        "from xml.dom import minidom",
        "from xml import dom",
        "import xml.dom.minidom\n# install\nimport xml.dom.minidom",
        # the package holds the module as an attribute once it was imported
        "import xml.dom.minidom, xml\n# install\nfrom xml import dom",
        "import xml.dom.minidom, xml\n# install\nxml.dom",
    ],
)
def test_all_that_is_below_a_withheld_package_is_withheld(code, tmp_path):
    assert outcome(code, tmp_path).startswith(("ImportError", "AttributeError"))


@pytest.mark.parametrize(
    "code",
    ["import xml.sax; print('fine')", "import xml.etree.ElementTree; print('fine')", "import math, random, json; print('fine')"],
)
def test_what_is_not_withheld_imports_as_ever(code, tmp_path):
    assert outcome(code, tmp_path) == "fine"


def test_names_that_only_begin_alike_are_not_covered():
    finder = Withheld("hw", ["lvmlib.em"])
    assert finder.covers("lvmlib.em")
    assert finder.covers("lvmlib.em.loop")
    assert not finder.covers("lvmlib.embedding")
    assert not finder.covers("lvmlib")


def test_another_homework_is_not_guarded(monkeypatch):
    before = list(sys.meta_path)
    withhold.install(WITHHELD, "another")
    assert sys.meta_path == before


def test_the_kernels_argument_runs_the_guard(tmp_path):
    course = make_course(tmp_path / "course")
    (argument,) = kernel_arguments(course.root)
    option, _, code = argument.partition("=")
    assert option == "--IPKernelApp.exec_lines"
    folder = tmp_path / HOMEWORK
    folder.mkdir()
    done = subprocess.run([sys.executable, "-c", f"{code}\nimport statistics"], cwd=folder, capture_output=True, text=True, check=False)
    assert f"ImportError: statistics is withheld while {HOMEWORK} is graded" in done.stderr


def test_nothing_withheld_needs_no_argument(tmp_path):
    assert kernel_arguments(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("withheld = [", "is not TOML"), ('withheld = "lvmlib.em"', "must be a list of module names"), ("withheld = [1]", "must be a list")],
)
def test_a_faulty_list_stops_nbgrader(tmp_path, text, message):
    """nbgrader must not go on grading without its configuration."""
    course = make_course(tmp_path / "course")
    (course.root / "course" / "answers" / HOMEWORK / "homework.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        kernel_arguments(course.root)
    with pytest.raises(SystemExit) as ended:
        _ = course.api
    assert message in str(ended.value)
