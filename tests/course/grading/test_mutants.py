"""Mutants: which there are of tiny functions, and what becomes of the small homework's."""

from __future__ import annotations

import ast

import pytest
from small_homework import CELLS, NAME

from course.grading.mutants import explanations, killed_share, main, mutant_table, mutants, sample
from course.homework import CourseError


def bodies(source: str) -> dict[str, set[str]]:
    """Mutants of ``def f(x): return <source>``, as operator and expressions."""
    found: dict[str, set[str]] = {}
    for mutant in mutants(f"def f(x, y):\n    return {source}\n"):
        function = ast.parse(mutant.source).body[0]
        found.setdefault(mutant.operator, set()).add(ast.unparse(function.body[0].value))
    return found


def test_every_mutant_of_a_tiny_function():
    found = mutants("def f(x):\n    return -x + 1\n")
    assert {(mutant.operator, mutant.source.split("return ")[1]) for mutant in found} == {
        ("swap-operator", "-x - 1"),
        ("drop-operand", "-x"),
        ("drop-operand", "1"),
        ("drop-sign", "x + 1"),
        ("add-one", "-x + 2"),
    }
    assert len({mutant.id for mutant in found}) == 5
    assert {mutant.id for mutant in found} == {mutant.id for mutant in mutants("def f(x):\n    return (-x) + 1  # same\n")}


@pytest.mark.parametrize(
    ("source", "operator", "expected"),
    [
        ("x * y", "swap-operator", {"x / y"}),
        ("x @ y", "swap-operands", {"y @ x"}),
        ("x / y", "drop-operand", {"x"}),
        ("x < y", "change-comparison", {"x <= y", "x > y"}),
        ("x.sum(dim=1)", "change-axis", {"x.sum(dim=0)"}),
        ("x.sum(0)", "change-axis", {"x.sum(1)"}),
        ("x.amax(dim=-1)", "change-axis", {"x.amax(dim=0)"}),
        ("x.sum(1, keepdim=True)", "flip-flag", {"x.sum(1, keepdim=False)"}),
        ("x.sum(1, keepdim=True)", "drop-keyword", {"x.sum(1)"}),
        ("torch.log(x)", "drop-call", {"x"}),
        ("x.exp()", "drop-call", {"x"}),
        ("f(x)", "drop-call", {"x"}),
        ("x.mean(0)", "rename-call", {"x.sum(0)"}),
        ("torch.logsumexp(x, 1)", "rename-call", {"torch.sum(x, 1)"}),
        ("torch.minimum(x, y)", "rename-call", {"torch.maximum(x, y)"}),
        ("x.T @ y", "drop-transpose", {"x @ y"}),
        ("x.transpose(0, 1)", "drop-transpose", {"x"}),
        ("g(x, y)", "swap-arguments", {"g(y, x)"}),
        ("x[:, None]", "swap-elements", {"x[None, :]"}),
        ("(x, y)", "swap-elements", {"(y, x)"}),
        ("[x, y]", "drop-element", {"[x]", "[y]"}),
        ("range(1, x)", "shorten-range", {"range(1, x - 1)"}),
        ("x * 0.5", "halve", {"x * 0.25"}),
        ("not x", "drop-sign", {"x"}),
        ("log(sum_z(p_xz))", "rename-symbol", {"log(sum_z(p_x))"}),
        ("d.at_least(x, because='Jensen')", "change-reason", {"d.at_least(x, because=\"Bayes' rule\")"}),
        ("d.equals(x, because='linearity')", "change-reason", {"d.equals(x, because='Jensen')"}),
        ("d.at_least(x, because='Jensen')", "rename-call", {"d.at_most(x, because='Jensen')"}),
        ("x if x > 0 else y", "fix-condition", {"x if True else y", "x if False else y"}),
    ],
)
def test_operators(source, operator, expected):
    assert bodies(source)[operator] == expected


def test_statements_are_removed_but_for_what_no_test_overlooks():
    source = 'def f(x):\n    """Doc."""\n    import math\n    x = x + x\n    x += 1\n    return x\n'
    removed = [mutant.diff for mutant in mutants(source) if mutant.operator == "remove-statement"]
    assert removed == ["-    x = x + x", "-    x += 1"]


def test_links_of_a_chain_are_dropped():
    source = "proof = chain(start).equals(a, 'definition').at_most(b, 'Jensen')\n"
    dropped = {mutant.source for mutant in mutants(source) if mutant.operator == "drop-call"}
    assert {
        "proof = chain(start).equals(a, 'definition')",
        "proof = chain(start).at_most(b, 'Jensen')",
        "proof = start.equals(a, 'definition').at_most(b, 'Jensen')",
    } == dropped


def test_diff_of_a_long_line_shows_what_differs():
    terms = " + ".join(f"x{number} * y{number}" for number in range(40))
    (mutant,) = (mutant for mutant in mutants(f"total = {terms}\n") if "x20 / y20" in mutant.source)
    lines = mutant.diff.split("\n")
    assert [line[:4] for line in lines] == ["-...", "+..."]
    assert " + x20 * y20 + x21 * y21" in lines[0]
    assert " + x20 / y20 + x21 * y21" in lines[1]
    assert all(line.endswith("...") and len(line) < 140 for line in lines)


def test_only_the_marked_solution_is_edited():
    source = "def f(x):\n    given = 1 + 2\n    ### BEGIN SOLUTION\n    x = x * given\n    ### END SOLUTION\n    return x - 3\n"
    assert {mutant.diff for mutant in mutants(source)} == {
        "-    x = x * given\n+    x = x / given",
        "-    x = x * given\n+    x = x",
        "-    x = x * given\n+    x = given",
        "-    x = x * given",
    }


def test_mutants_compile_and_differ():
    source = "def f(x):\n    y = x.sum(1)\n    return [v for v in (y - 1, -y) if v.max() > 0]\n"
    found = mutants(source)
    texts = [mutant.source for mutant in found]
    assert len(texts) == len(set(texts)) > 10
    assert ast.unparse(ast.parse(source)) not in texts
    for text in texts:
        compile(text, "mutant", "exec")


def test_sample_takes_every_operator_and_is_the_same_each_time():
    found = mutants("def f(x):\n    return (x + 1) * (x + 2) * (x + 3) - torch.log(x) / x.sum(dim=0)\n")
    operators = {mutant.operator for mutant in found}
    size = len(operators) + 2
    chosen = sample(found, size)
    assert len(chosen) == size < len(found)
    assert {mutant.operator for mutant in chosen} == operators
    assert chosen == sample(list(reversed(found)), size)
    assert sample(found, None) == found


SURVIVOR = "-    largest = values.max(dim=1, keepdim=True).values\n+    largest = values.min(dim=1, keepdim=True).values"
"""The small homework's test cell does not see it: its rows are close together wherever they are large."""


def explain(homework, text: str) -> None:
    folder = homework.answers / "log_sum_exp"
    (folder / "survivors.toml").write_text(text)


def test_survivors_are_reported_until_they_are_explained(homework, capsys):
    rows = mutant_table(homework)[NAME]
    row = rows["log_sum_exp"]
    (key,) = row["survivors"]
    assert row["survivors"][key] == {"operator": "rename-call", "diff": SURVIVOR}
    assert (row["tried"] - row["killed"], row["unexplained"], row["stale"]) == (1, 1, [])
    tried = sum(row["tried"] for row in rows.values())
    assert killed_share(rows) == pytest.approx((tried - 1) / tried)

    explain(homework, f'[{key}]\nequivalent = "rows are narrow"\n\n[add-one-00000000]\nspared = "gone"\n')
    rows = mutant_table(homework, ["log_sum_exp"])[NAME]
    row = rows["log_sum_exp"]
    assert (row["equivalent"], row["spared"], row["unexplained"]) == (1, 0, 0)
    assert row["stale"] == ["add-one-00000000"]
    assert killed_share(rows) == 1

    explain(homework, f'[{key}]\nspared = "rows are narrow"\n')
    assert main([NAME, "--root", str(homework.path.parents[2])]) == 0
    assert "spared: rows are narrow" in capsys.readouterr().out


def test_command_fails_on_an_unexplained_survivor(homework, capsys):
    assert main([NAME, "--root", str(homework.path.parents[2]), "--item", "log_sum_exp"]) == 1
    assert "+    largest = values.min(dim=1, keepdim=True).values" in capsys.readouterr().out


def test_reference_must_pass(make_homework):
    homework = make_homework(cells={**CELLS, "normalize_test": "assert False, 'never'\n"})
    with pytest.raises(CourseError, match="the reference of normalize itself fails: AssertionError: never"):
        mutant_table(homework)
    assert mutant_table(homework, ["log_sum_exp"])[NAME]["log_sum_exp"]["killed"] > 0


@pytest.mark.parametrize("entry", ['x = "text"', '[x]\nequivalent = ""', '[x]\nbecause = "text"', '[x]\nequivalent = "a"\nspared = "b"'])
def test_explanations_must_explain(homework, entry):
    explain(homework, entry)
    with pytest.raises(CourseError, match="x needs exactly one of equivalent"):
        explanations(homework, homework.items[0])
