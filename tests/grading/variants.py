"""Two short homeworks, one of plain Python and one with torch; right answers written differently, and wrong ones."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PLAIN, TORCH = "plain", "with_torch"
POINTS = {
    PLAIN: {"mean": 2, "limits": 1, "count": 2, "remember": 2, "draw": 2, "kinds": 1, "share": 4},
    TORCH: {"sample": 1, "noise": 2, "cube": 2, "fit": 3, "picture": 1},
}

CELLS = {PLAIN: {
    "setup": '''import math
import random
import warnings

import numpy as np


def check(found, wanted, what):
    """One number is another but for rounding."""
    assert abs(found - wanted) < 1e-9, f"{what} must be {wanted}, it is {found}"''',
    "mean": '''def mean(x):
    """The mean of a list of numbers."""
    ### BEGIN SOLUTION
    return sum(x) / len(x)
    ### END SOLUTION''',
    "mean_test": """print("Tests of mean")
got = mean([1, 2, 9])
print("the mean of [1, 2, 9] is", got)
check(got, 4, "mean([1, 2, 9])")
### BEGIN HIDDEN TESTS
values = [random.random() for _ in range(3)]
check(mean(values), math.fsum(values) / 3, "the mean of random numbers")
### END HIDDEN TESTS
pass""",
    "limits": '''def limits(x):
    """The smallest and the largest number of a list; ValueError if it is empty."""
    ### BEGIN SOLUTION
    if not x:
        raise ValueError("an empty list has no limits")
    return min(x), max(x)
    ### END SOLUTION''',
    "limits_test": """got = limits([3, -1, 2])
assert got == (-1, 3), f"limits([3, -1, 2]) must be (-1, 3), it is {got}"
try:
    limits([])
except ValueError as error:
    assert "empty" in str(error), f"the error must say what is empty: {error}"
else:
    raise AssertionError("limits([]) must raise ValueError")""",
    "count": '''n_calls = 0


def count():
    """How often this was called; n_calls holds it too."""
    ### BEGIN SOLUTION
    global n_calls
    n_calls += 1
    return n_calls
    ### END SOLUTION''',
    "count_test": """count()
got = count()
assert got == n_calls, f"count() gave {got} and n_calls is {n_calls}"
### BEGIN HIDDEN TESTS
before = n_calls
count()
assert n_calls == before + 1, "n_calls does not grow"
### END HIDDEN TESTS
pass""",
    "remember": '''history = []


def remember(value):
    """Append a value to history; how many it holds."""
    ### BEGIN SOLUTION
    history.append(value)
    return len(history)
    ### END SOLUTION''',
    "remember_test": """before, calls = len(history), n_calls
got = remember("a")
assert got == before + 1, f"remember gave {got}, and history held {before}"
assert history[-1] == "a", f"the last of history must be 'a': {history}"
count()
assert n_calls == calls + 1, f"n_calls must be {calls + 1} now, it is {n_calls}" """.rstrip(),
    "draw": '''def draw(n):
    """n random numbers of Python's, then n of NumPy's."""
    ### BEGIN SOLUTION
    return [random.random() for _ in range(n)] + np.random.rand(n).tolist()
    ### END SOLUTION''',
    "draw_test": """random.seed(5)
np.random.seed(5)
got, following = draw(4), (random.random(), np.random.rand())
random.seed(5)
np.random.seed(5)
wanted = [random.random() for _ in range(4)] + np.random.rand(4).tolist()
assert got == wanted, f"draw(4) must be {wanted}, it is {got}"
assert following == (random.random(), np.random.rand()), "the generators do not go on where draw stopped"
assert draw(3) != draw(3), "draw gives the same numbers again" """.rstrip(),
    "kinds": '''def kinds(n):
    """Values of many types."""
    ### BEGIN SOLUTION
    yield {"count": n, 2: [(n, 0.5), None], "flags": {True}}
    yield np.float64(n) / 4
    yield np.arange(n) > 1
    yield complex(n, 1)
    yield b"bytes"
    ### END SOLUTION''',
    "kinds_test": """table, number, array, other, text = kinds(3)
assert table == {"count": 3, 2: [(3, 0.5), None], "flags": {True}}, f"the table is {table}"
assert isinstance(number, float) and number == 0.75, f"the number is {number!r}"
assert array.dtype == bool and array.tolist() == [False, False, True], f"the array is {array!r}"
assert (other, text) == (3 + 1j, b"bytes"), f"the others are {other} and {text}"
assert next(iter(kinds(1)))["count"] == 1, "kinds can't be begun anew" """.rstrip(),
    "share": '''def share(part, whole):
    """Which share of the whole a part is."""
    ### BEGIN SOLUTION
    return part / whole
    ### END SOLUTION''',
    "share_test": """print("the last line is the number of points: four, less what the shares are too large")
4.0 - sum(share(part, 8) - part / 8 for part in (1, 2, 4, 8))""",
}, TORCH: {
    "setup": """import random

import matplotlib.pyplot as plt
import numpy as np
import torch

torch.manual_seed(1)
data = torch.randn(20, dtype=torch.float64)""",
    "sample": '''### BEGIN SOLUTION
torch.manual_seed(7)
sample = torch.randn(5)
### END SOLUTION''',
    "sample_test": """torch.manual_seed(7)
wanted = torch.randn(5)
assert torch.equal(sample, wanted), f"with the seed 7 the sample must be {wanted}, it is {sample}" """.rstrip(),
    "noise": '''def noise(n):
    """n normal numbers, with zero as their mean."""
    ### BEGIN SOLUTION
    drawn = torch.randn(n)
    return drawn - drawn.mean()
    ### END SOLUTION''',
    "noise_test": """torch.manual_seed(3)
got, following = noise(5), torch.rand(2)
torch.manual_seed(3)
drawn = torch.randn(5)
assert torch.allclose(got, drawn - drawn.mean()), f"noise(5) is {got}"
assert torch.equal(following, torch.rand(2)), "the generator does not go on where noise stopped"
assert not torch.equal(noise(4), noise(4)), "noise gives the same numbers again" """.rstrip(),
    "cube": '''def cube(x):
    """x to the third power."""
    ### BEGIN SOLUTION
    return x**3
    ### END SOLUTION''',
    "cube_test": """x = data.clone().requires_grad_(True)
came = cube(x)
assert came.requires_grad, "gradients do not flow through cube"
came.sum().backward()
assert torch.allclose(x.grad, 3 * data**2), f"the derivative is {x.grad}"
try:
    cube("text")
except TypeError as error:
    print("as it should:", type(error).__name__)
else:
    raise AssertionError("cube('text') must raise TypeError")""",
    "fit": '''def fit(x, y, n_steps=300):
    """A torch.nn.Linear(1, 1) fitted to y by gradient descent."""
    ### BEGIN SOLUTION
    line = torch.nn.Linear(1, 1, dtype=torch.float64)
    optimizer = torch.optim.Adam(line.parameters(), lr=0.1)
    for _ in range(n_steps):
        optimizer.zero_grad()
        (line(x[:, None])[:, 0] - y).square().mean().backward()
        optimizer.step()
    return line
    ### END SOLUTION''',
    "fit_test": """torch.manual_seed(2)
line = fit(data, 2 * data - 1)
assert isinstance(line, torch.nn.Module), f"fit must return a module, not {type(line).__name__}"
with torch.no_grad():
    error = float((line(data[:, None])[:, 0] - (2 * data - 1)).square().mean())
assert error < 1e-3, f"the mean squared error must be below 0.001, it is {error:.4g}"
assert abs(line.weight.item() - 2) < 0.1, f"the slope must be near 2, it is {line.weight.item():.4g}" """.rstrip(),
    "picture": '''def picture(values):
    """Draw a bar for each value; their heights."""
    ### BEGIN SOLUTION
    figure, axes = plt.subplots()
    bars = axes.bar(range(len(values)), values)
    plt.show()
    return [bar.get_height() for bar in bars]
    ### END SOLUTION''',
    "picture_test": """got = picture([1.0, 3.0])
assert got == [1.0, 3.0], f"the bars must be as high as the values, they are {got}" """.rstrip(),
}}  # fmt: skip

REWRITTEN = {
    "mean": "def mean(x):\n    return float(np.mean(np.array(x)))",
    "limits": "def limits(x):\n    try:\n        x = sorted(x)\n        return x[0], x[-1]\n    except IndexError:\n"
    "        raise ValueError('empty') from None",
    "count": "n_calls = 0\n\ndef count():\n    globals()['n_calls'] = n_calls + 1\n    return n_calls",
    "remember": "history = []\n\ndef remember(value):\n    history[len(history):] = [value]\n    return len(history)",
    "draw": "def draw(n):\n    return [*(random.random() for _ in range(n)), *np.random.random_sample(n)]",
    "kinds": "def kinds(n):\n    table = dict(count=n, flags=set([n > -1]))\n"
    "    table[2] = [(n, 1 / 2), table.get('none')]\n"
    "    return [table, n / 4, np.array([False, False, True]), n + 1j, bytes('bytes', 'ascii')]",
    "share": "from fractions import Fraction\n\nshare = lambda part, whole: float(Fraction(part, whole))",
    "sample": "generator = torch.manual_seed(7)\nsample = torch.empty(5).normal_(generator=generator)",
    "noise": "class Noise:\n    def __call__(self, n):\n        x = torch.empty(n).normal_()\n"
    "        return x - x.sum() / n\n\nnoise = Noise()",
    "cube": "def cube(x):\n    return x * x * x if torch.is_tensor(x) else x ** 3",
    "fit": "class Line(torch.nn.Module):\n    def __init__(self, weight, bias):\n        super().__init__()\n"
    "        self.weight, self.bias = torch.nn.Parameter(weight[None, None]), torch.nn.Parameter(bias)\n"
    "    def forward(self, x):\n        return x @ self.weight + self.bias\n\n"
    "def fit(x, y):\n    slope, bias = torch.linalg.lstsq(torch.stack([x, torch.ones_like(x)], 1), y).solution\n"
    "    return Line(slope, bias)",
    "picture": "def picture(values):\n    plt.plot(values)\n    plt.bar(np.arange(2), values)\n"
    "    return [float(patch.get_height()) for patch in plt.gca().patches]",
}
"""Right answers that are written differently."""
WRONG = {
    "mean": "def mean(x):\n    return sum(x)",
    "limits": "def limits(x):\n    return (min(x), max(x)) if x else (None, None)",
    "count": "n_calls = 0\n\ndef count():\n    n_calls = 1\n    return n_calls",
    "remember": "history = []\n\ndef remember(value):\n    return len([*history, value])",
    "draw": "def draw(n):\n    random.seed(1)\n"
    "    return [random.random() for _ in range(n)] + np.random.rand(n).tolist()",
    "kinds": "def kinds(n):\n    return {'count': n}, n, np.arange(n) > 1, n + 1j, b'bytes'",
    "share": "def share(part, whole):\n    return 2 * part / whole",
    "sample": "sample = torch.randn(5)",
    "noise": "def noise(n):\n    torch.manual_seed(3)\n    x = torch.randn(n)\n    return x - x.mean()",
    "cube": "def cube(x):\n    return x.detach()**3",
    "fit": "def fit(x, y):\n    return torch.nn.Linear(1, 1, dtype=torch.float64)",
    "picture": "def picture(values):\n    plt.bar([0, 1], values)\n    return plt.gca().patches",
}


def write_homework(root: Path, name: str) -> None:
    """The source notebook below ``root``, and the settings beside an empty bank."""
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = new_notebook(metadata={"kernelspec": kernelspec})
    notebook.cells.append(new_markdown_cell("# A short homework"))
    for grade_id, source in CELLS[name].items():
        item = grade_id in POINTS[name]
        about = {"grade_id": grade_id, "locked": not item, "solution": item, "grade": False, "task": False}
        about["schema_version"] = 3
        if grade_id.endswith("_test"):
            about |= {"grade": True, "points": POINTS[name][grade_id.removesuffix("_test")]}
        notebook.cells.append(new_code_cell(source, metadata={"nbgrader": about}))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    (root / "source" / name).mkdir(parents=True)
    nbformat.write(notebook, root / "source" / name / f"{name}.ipynb")
    (root / "course" / "answers" / name).mkdir(parents=True)
    withheld = {PLAIN: "statistics", TORCH: "sklearn.mixture"}[name]  # torch imports statistics itself
    settings = f'title = "A short homework"\nwithheld = ["{withheld}"]\n'
    (root / "course" / "answers" / name / "homework.toml").write_text(settings)
