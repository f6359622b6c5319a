"""The executor: what a notebook would give, and no candidate harms another or outlives its limits."""

from __future__ import annotations

import os
import time

import pytest
from small_homework import CELLS, write_homework

from course.grading.answers import Candidate, run, stub
from course.homework import CourseError

RIGHT = "def log_sum_exp(values):\n    return torch.logsumexp(values, dim=1)\n"
SECONDS, OUTPUT, MEMORY = 3.0, 50_000, 3 * 2**30

ODD = {
    "right": RIGHT,
    "constant": "def log_sum_exp(values):\n    return torch.zeros(2, dtype=torch.float64)\n",
    "endless": "def log_sum_exp(values):\n    while True:\n        pass\n",
    "endless_solution": RIGHT + "while True:\n    pass\n",
    "leaves": "import os\n\n\ndef log_sum_exp(values):\n    print('before')\n    os._exit(0)\n",
    "crashes": "import os, signal\n\n\ndef log_sum_exp(values):\n    os.kill(os.getpid(), signal.SIGSEGV)\n",
    "sys_exit": "import sys\n\n\ndef log_sum_exp(values):\n    sys.exit(3)\n",
    "warns": "def log_sum_exp(values):\n    warnings.warn('old-fashioned')\n    return torch.logsumexp(values, dim=1)\n",
    "writes_2": "import os\n\n\ndef log_sum_exp(values):\n    os.write(2, b'from below')\n    return torch.logsumexp(values, dim=1)\n",
    "warns_in_solution": "warnings.warn('at definition')\n" + RIGHT,
    "floods": "def log_sum_exp(values):\n    while True:\n        print('x' * 1000)\n",
    "floods_stderr": "import sys\n\n\ndef log_sum_exp(values):\n    while True:\n        print('y' * 1000, file=sys.stderr)\n",
    "raises_after": RIGHT + "raise RuntimeError('afterwards')\n",
    "raises_before": "raise RuntimeError('beforehand')\n" + RIGHT,
    "no_syntax": "def log_sum_exp(values)\n    return 0\n",
    "huge": "def log_sum_exp(values):\n    return torch.ones(2**30, dtype=torch.float64).sum() * values[:, 0]\n",
    "odd_error": (
        "class Odd(Exception):\n    def __str__(self):\n        raise KeyError('no text')\n\n\n"
        "def log_sum_exp(values):\n    raise Odd()\n"
    ),
    "leaves_a_child": "import subprocess\n\nprint(subprocess.Popen(['sleep', '60']).pid)\n" + RIGHT,
    "closes_stdout": "import sys\n\nsys.stdout = None\n" + RIGHT,
    "breaks_torch": "torch.logsumexp = torch.allclose = table = None\n" + RIGHT,
    "right_afterwards": RIGHT,
    "own_source": "import inspect\n\n" + RIGHT + "print(inspect.getsource(log_sum_exp))\n",
    "dataclass": (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass Row:\n    value: float\n\n\n" + RIGHT
    ),
}


WORTH_POINTS = {
    *("right", "warns_in_solution", "raises_after", "leaves_a_child", "closes_stdout"),
    *("right_afterwards", "own_source", "dataclass"),
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    homework = write_homework(tmp_path_factory.mktemp("odd"))
    candidates = [Candidate("log_sum_exp", name, source) for name, source in ODD.items()]
    results = run(homework, candidates, seconds=SECONDS, output=OUTPUT, memory=MEMORY, workers=1)
    return {result.candidate.name: result for result in results}


def test_every_candidate_has_a_result(odd):
    assert set(odd) == set(ODD)


@pytest.mark.parametrize("name", sorted(WORTH_POINTS))
def test_full_points(odd, name):
    result = odd[name]
    assert (result.ending, result.failure) == ("passed", "")
    assert result.points == result.max_points == 3


@pytest.mark.parametrize("name", sorted(set(ODD) - WORTH_POINTS))
def test_no_points(odd, name):
    assert not odd[name].passed
    assert odd[name].points == 0
    assert odd[name].failure


def test_failure_text_is_the_notebooks(odd):
    assert odd["constant"].ending == "error"
    assert odd["constant"].failure.startswith("AssertionError: log_sum_exp gives [0.0, 0.0], expected [3.08")
    assert "log_sum_exp gives" in odd["constant"].traceback
    assert odd["sys_exit"].failure == "SystemExit: 3"
    assert odd["odd_error"].failure.startswith("Odd: ")


@pytest.mark.parametrize("name", ["endless", "endless_solution"])
def test_endless_loop_is_stopped_in_time(odd, name):
    assert odd[name].ending == "timeout"
    assert odd[name].failure == "stopped: no end within 3 s"
    assert SECONDS <= odd[name].seconds < SECONDS + 3


@pytest.mark.parametrize(("name", "code"), [("leaves", "exit code 0"), ("crashes", "exit code -11")])
def test_process_that_ends_by_itself_fails(odd, name, code):
    assert odd[name].ending == "exited"
    assert odd[name].failure.endswith(code)
    assert odd[name].seconds < 2


def test_what_was_printed_before_an_exit_is_kept(odd):
    assert odd["leaves"].stdout == "before\n"


def test_stderr_in_the_test_cell_is_zero(odd):
    assert odd["warns"].ending == odd["writes_2"].ending == "stderr"
    assert "old-fashioned" in odd["warns"].failure
    assert odd["writes_2"].stderr == "from below" * 2  # once in the visible test, once in the hidden one


def test_stderr_in_the_solution_cell_does_not_count(odd):
    assert odd["warns_in_solution"].stderr == ""
    assert "at definition" in odd["warns_in_solution"].stdout


@pytest.mark.parametrize(("name", "stream"), [("floods", "stdout"), ("floods_stderr", "stderr")])
def test_output_is_bounded(odd, name, stream):
    assert odd[name].ending == "flood"
    assert len(getattr(odd[name], stream)) == OUTPUT
    assert odd[name].seconds < SECONDS


def test_error_in_the_solution_cell_then_the_test(odd):
    assert odd["raises_after"].solution_error == "RuntimeError: afterwards"
    assert odd["raises_before"].solution_error == "RuntimeError: beforehand"
    assert odd["raises_before"].failure == "NameError: name 'log_sum_exp' is not defined"
    assert odd["no_syntax"].solution_error.startswith("SyntaxError: ")
    assert odd["no_syntax"].failure == "NameError: name 'log_sum_exp' is not defined"


def test_memory_is_bounded(odd):
    assert odd["huge"].ending == "error"
    assert "memory" in odd["huge"].failure.lower()


def test_processes_that_a_candidate_starts_end_with_it(odd):
    pid = int(odd["leaves_a_child"].stdout.split()[0])
    state = ""
    if os.path.exists(f"/proc/{pid}/stat"):  # a zombie awaits its new parent
        with open(f"/proc/{pid}/stat") as file:
            state = file.read().split()[2]
    assert state in ("", "Z")


def test_source_of_a_cell_can_be_read(odd):
    assert RIGHT in odd["own_source"].stdout


def test_stub_is_what_nbgrader_makes(homework):
    item = homework.items[0]
    assert stub(homework, item) == (
        'def log_sum_exp(values):\n    """ln sum_k exp(values[:, k]) of each row."""\n'
        "    # YOUR CODE HERE\n    raise NotImplementedError()\n"
    )


def test_stub_keeps_the_roots_configuration(homework):
    config = homework.path.parents[2] / "nbgrader_config.py"
    config.write_text('c = get_config()\nc.ClearSolutions.code_stub = {"python": "..."}\n')
    assert stub(homework, homework.items[0]).endswith("\n    ...\n")


def test_stub_gets_zero(homework):
    candidates = [Candidate(item.name, "stub", stub(homework, item)) for item in homework.items]
    assert [(result.points, result.failure) for result in run(homework, candidates)] == [
        (0, "NotImplementedError: "),
        (0, "NameError: name 'log_probs' is not defined"),
    ]


DRAWS = """import random

import numpy

print(random.random(), numpy.random.rand(), torch.rand(1).item())
""" + RIGHT


def test_generators_depend_on_the_seed_alone(homework):
    plan = [("noise", 5), ("a", 5), ("b", 5), ("c", 6)]
    candidates = [Candidate("log_sum_exp", name, DRAWS, seed) for name, seed in plan]
    drawn = {result.candidate.name: result.stdout.split() for result in run(homework, candidates, workers=2)}
    assert drawn["noise"] == drawn["a"] == drawn["b"]
    assert all(one != other for one, other in zip(drawn["a"], drawn["c"], strict=True))


def test_test_cell_ending_in_an_expression_is_refused(make_homework):
    homework = make_homework(cells={**CELLS, "normalize_test": "assert True\nnormalize(table).sum()\n"})
    with pytest.raises(CourseError, match=r"test cell of normalize ends in an expression \(normalize\(table\)\.sum\(\)\)"):
        next(run(homework, [Candidate("normalize", "any", "pass")]))
    # the other item can still be tried
    assert next(run(homework, [Candidate("log_sum_exp", "right", RIGHT)])).passed


def test_test_cell_that_is_not_python_is_named(make_homework):
    homework = make_homework(cells={**CELLS, "normalize_test": "assert True:\n"})
    with pytest.raises(CourseError, match="the test cell of normalize is not Python: invalid syntax"):
        next(run(homework, [Candidate("normalize", "any", "pass")]))


def test_broken_reference_is_named(make_homework):
    homework = make_homework(cells={**CELLS, "picture": "1 / 0"})
    with pytest.raises(CourseError, match="cell 5 fails with the reference solutions: ZeroDivisionError: division by zero"):
        list(run(homework, [Candidate("normalize", "any", "pass")]))


def test_unknown_item(homework):
    with pytest.raises(CourseError, match="no item 'nothing'; it has log_sum_exp, normalize"):
        next(run(homework, [Candidate("nothing", "any", "pass")]))


def test_withheld_module_is_not_importable(make_homework):
    homework = make_homework(withheld=["colorsys"])
    result = next(run(homework, [Candidate("log_sum_exp", "import", "import colorsys\n" + RIGHT)]))
    assert not result.passed
    assert result.solution_error.startswith("ImportError: colorsys is withheld while small is graded")


def test_independent_of_the_current_directory(homework, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "torch.py").write_text("raise SystemExit('the wrong torch')")
    monkeypatch.chdir(elsewhere)
    assert next(run(homework, [Candidate("log_sum_exp", "right", RIGHT)])).passed


def test_no_candidates_no_process(homework):
    assert list(run(homework, [])) == []


def test_candidates_end_with_the_run(homework, tmp_path):
    note = tmp_path / "pid"
    endless = f"import os, pathlib\n\npathlib.Path({str(note)!r}).write_text(str(os.getpid()))\nwhile True:\n    pass\n"
    late = "import time\n\ntime.sleep(1)\n" + RIGHT
    candidates = [Candidate("log_sum_exp", "endless", endless), Candidate("log_sum_exp", "late", late)]
    results = run(homework, candidates, seconds=60)
    assert next(results).candidate.name == "late"
    pid = int(note.read_text())
    started = time.monotonic()
    results.close()
    assert time.monotonic() - started < 5
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


FIGURE = """import matplotlib.pyplot as plt

fig, axes = plt.subplots()
axes.plot(table[0], log_sum_exp(table.T))
"""


def test_figures_are_shown_and_closed(make_homework):
    # showing must not write to stderr, and a figure does not stay open for the next cell
    shown = FIGURE + "handle = display(fig, display_id=True)\nhandle.update(fig)\n"
    cells = {**CELLS, "between": CELLS["between"] + "\n" + shown}
    cells["normalize_test"] = (
        FIGURE + "plt.show()\nassert plt.get_fignums() == []\nplt.figure()\nassert plt.get_fignums() == [1]\n"
    )
    (result,) = run(make_homework(cells=cells), [Candidate("normalize", "right", "normalize = torch.nn.LogSoftmax(dim=1)\n")])
    assert (result.ending, result.failure) == ("passed", "")


def test_longest_error_text(homework):
    long = "def log_sum_exp(values):\n    raise ValueError('\\ud800' + 'é' * 10**7)\n"
    (result,) = run(homework, [Candidate("log_sum_exp", "long", long)], seconds=SECONDS)
    assert result.ending == "error"
    assert result.failure.startswith("ValueError: ?ééé")
    assert len(result.failure) < 60_000
