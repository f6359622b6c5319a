"""Derivations and verdicts: how they are built, shown and carried as data, and what hostile or silly input comes to."""

import doctest
import importlib
import json
import pkgutil

import pytest
from known_derivations import KNOWN, LOWER_BOUND
from test_wrong_derivations import WRONG

import lvmlib.derivation
from lvmlib.derivation import Derivation, E, REASONS, check, const, log, new, p_x, p_xz, q_z, sum_z, theorems
from lvmlib.derivation.chain import MAX_LINES
from lvmlib.derivation.expressions import MAX_DEPTH

BOUND = theorems.elbo_is_a_lower_bound
BY_JENSEN = LOWER_BOUND["by Jensen"]


def test_a_derivation_shows_as_aligned_latex_with_reasons():
    assert BY_JENSEN.latex() == r"""\begin{aligned}
(1) &&  & \ln p(x) \\
(2) && = & \ln \sum_z p(x, z) && \text{marginalization} \\
(3) && = & \ln \sum_z \frac{q(z \mid x) \, p(x, z)}{q(z \mid x)} && \text{multiply by one} \\
(4) && = & \ln \mathbb{E}_{q(z \mid x)}\left[\frac{p(x, z)}{q(z \mid x)}\right] && \text{definition of expectation} \\
(5) && \ge & \mathbb{E}_{q(z \mid x)}\left[\ln \frac{p(x, z)}{q(z \mid x)}\right] && \text{Jensen}
\end{aligned}"""
    assert BY_JENSEN._repr_latex_() == f"$$\n{BY_JENSEN.latex()}\n$$"
    claimed = Derivation(log(p_x)).at_most(log(new(p_x)), because="M-step").tight_when(q_z, new(lvmlib.derivation.p_z)).latex()
    assert r"\ln p_{\theta}(x) \\" in claimed and r"\le & \ln p_{\theta'}(x)" in claimed
    assert r"tight exactly where } q(z \mid x) = p_{\theta'}(z)" in claimed


def test_steps_leave_the_derivation_as_it_was():
    start = Derivation(log(p_x))
    longer = start.equals(log(sum_z(p_xz)), because="marginalization")
    assert len(start.lines) == 1 and len(longer.lines) == 2
    assert longer.lines[1].relation == "=" and longer.lines[1].because == "marginalization"
    assert start == Derivation(log(p_x)) and hash(start) == hash(Derivation(log(p_x))) and start != longer
    assert longer.tight_when(q_z, lvmlib.derivation.p_z) != longer
    assert eval(f"({longer!r})", vars(lvmlib.derivation)) == longer


@pytest.mark.parametrize("derivation", [derivation for _, _, derivation in KNOWN] + [wrong.derivation for wrong in WRONG])
def test_a_derivation_goes_through_json_and_back(derivation):
    assert Derivation.from_data(json.loads(json.dumps(derivation.to_data()))) == derivation


LINE = [["Symbol", "p_x", False], None, None]


@pytest.mark.parametrize("data", [
    None, [], {}, {"lines": [], "tight_when": None}, {"lines": [LINE]}, {"lines": "p_x", "tight_when": None},
    {"lines": [["p_x", None, None]], "tight_when": None},
    {"lines": [[["Symbol", "p_y", False], None, None]], "tight_when": None},
    {"lines": [[["Symbol", "p_x", 1], None, None]], "tight_when": None},
    {"lines": [[["Symbol", ["p_x"], False], None, None]], "tight_when": None},
    {"lines": [[["Symbol", "p_x"], None, None]], "tight_when": None},
    {"lines": [[["Log", "p_x"], None, None]], "tight_when": None},
    {"lines": [[["Log", ["Constant", "-1"]], None, None]], "tight_when": None},
    {"lines": [[["Constant", "9" * 5000], None, None]], "tight_when": None},
    {"lines": [[["Constant", "1/0"], None, None]], "tight_when": None},
    {"lines": [[["Constant", "nan"], None, None]], "tight_when": None},
    {"lines": [[["Constant", 1.0], None, None]], "tight_when": None},
    {"lines": [[["object"], None, None]], "tight_when": None},
    {"lines": [[["Expectation", ["Symbol", "p_x", False], ["Symbol", "p_x", False]], None, None]], "tight_when": None},
    {"lines": [LINE, [LINE[0], "!=", "algebra"]], "tight_when": None},
    {"lines": [LINE, [LINE[0], ["="], "algebra"]], "tight_when": None},
    {"lines": [LINE, [LINE[0], "=", "hope"]], "tight_when": None},
    {"lines": [LINE, [LINE[0], "=", None]], "tight_when": None},
    {"lines": [LINE, LINE[:2]], "tight_when": None},
    {"lines": [LINE], "tight_when": [LINE[0], LINE[0]]}, {"lines": [LINE], "tight_when": "q_z"},
    {"lines": [LINE] * (MAX_LINES + 1), "tight_when": None},
], ids=lambda data: repr(data)[:70])
def test_data_that_is_no_derivation_is_refused(data):
    with pytest.raises((ValueError, TypeError)):
        Derivation.from_data(data)


def test_deeply_nested_data_is_refused_before_it_is_followed():
    data = ["Symbol", "p_x", False]
    for _ in range(100_000):
        data = ["Negate", data]
    with pytest.raises(ValueError, match="an expression's data must be"):
        Derivation.from_data({"lines": [[data, None, None]], "tight_when": None})


def test_silly_steps_are_refused_when_they_are_written():
    start = Derivation(log(p_x))
    with pytest.raises(TypeError, match="line 2 must be an expression or a number, got 'ELBO' of type str"):
        start.at_least("ELBO", because="Jensen")
    with pytest.raises(TypeError, match="the first line must be an expression"):
        Derivation(None)
    with pytest.raises(TypeError):
        Derivation()
    with pytest.raises(TypeError, match="because"):
        start.equals(p_x)
    with pytest.raises(ValueError, match="there is no reason 'magic'.*'marginalization'"):
        start.equals(p_x, because="magic")
    with pytest.raises(ValueError, match="takes q_z and another distribution"):
        start.tight_when(q_z, q_z)
    with pytest.raises(ValueError, match=f"at most {MAX_LINES} lines"):
        for _ in range(MAX_LINES):
            start = start.equals(log(p_x), because="algebra")


def test_check_takes_derivations_and_theorems_only():
    class Tame(Derivation):
        pass

    for derivation in (None, "proof", BY_JENSEN.lines, Tame(log(p_x))):
        with pytest.raises(TypeError, match="derivation"):
            check(derivation, BOUND)
    for theorem in (None, theorems, "elbo_is_a_lower_bound"):
        with pytest.raises(TypeError, match="theorem"):
            check(BY_JENSEN, theorem)
    with pytest.raises(ValueError, match="n_models"):
        check(BY_JENSEN, BOUND, n_models=0)


def test_what_is_hidden_in_an_expression_does_not_reach_the_verdict():
    """An attribute forced onto an expression or a derivation stays behind: they are rebuilt from plain data."""
    claimed = E(q_z, log(p_xz))
    object.__setattr__(claimed, "value", E(q_z, log(p_xz / q_z)).value)
    derivation = LOWER_BOUND["claiming where it is tight"]
    shorter = Derivation(log(p_x)).equals(log(sum_z(p_xz)), because="marginalization").equals(claimed, because="algebra")
    assert check(shorter, BOUND).kind == "false step"
    shorter.to_data = derivation.to_data
    assert check(shorter, BOUND).kind == "false step"
    forced = Derivation(log(p_x))
    forced._lines = ("anything",)
    with pytest.raises((AttributeError, TypeError)):
        check(forced, BOUND)


def test_deep_and_large_expressions_are_checked_or_refused_in_time():
    deep = log(p_x)
    while deep.depth < MAX_DEPTH - 2:
        deep = deep + log(q_z) - log(q_z) if deep.depth % 2 else -(-deep)
    wide = sum_z(q_z * (log(p_x) + 1) * (log(p_xz) + 2) * (log(q_z) + 3) * (p_xz + q_z) * (p_xz + 1) * (q_z + 2) * (p_x + 3))
    for line in (E(q_z, deep), log(p_x) + wide - wide):
        verdict = check(Derivation(log(p_x)).equals(line, because="linearity"), BOUND)
        assert verdict.kind in ("reason does not license", "jump", "wrong end") and verdict.line == 2


def test_a_verdict_shows_as_text_and_markdown():
    wrong = Derivation(log(p_x)).equals(log(sum_z(p_xz)), because="marginalization").equals(log(E(q_z, p_xz)), because="definition of expectation")
    verdict = check(wrong, BOUND)
    assert repr(verdict) == f"Not yet (line 3, false step): {verdict.message}"
    assert verdict.message.startswith(verdict.explanation) and "The model, at x = " in verdict.message
    markdown = verdict._repr_markdown_()
    assert markdown.startswith("**Not yet** (line 3, false step). Line 2 is not equal to line 3: on the model below, at x = ")
    assert "\n\n| at x = " in markdown and "| z = 0 | z = 1 | z = 2 |\n|---|---|---|---|\n| p(x, z) | 0." in markdown
    assert r"| q(z\|x) | 0." in markdown
    right = check(BY_JENSEN, BOUND)
    assert right._repr_markdown_() == repr(right).replace("Right (ok):", "**Right** (ok).")


def test_the_same_seed_gives_the_same_verdict():
    wrong = Derivation(log(p_x)).equals(const(0), because="algebra")
    first, again = check(wrong, BOUND, seed=5), check(wrong, BOUND, seed=5)
    assert repr(first) == repr(again) and first.values == again.values


def test_reasons_say_what_they_license():
    assert {"marginalization", "Jensen", "Gibbs", "linearity", "product rule", "multiply by one"} <= set(REASONS)
    assert all(text and text[-1] != "." for text in REASONS.values())


def test_docstrings_run():
    modules = [lvmlib.derivation] + [
        importlib.import_module(f"lvmlib.derivation.{module.name}") for module in pkgutil.iter_modules(lvmlib.derivation.__path__)
    ]
    results = [doctest.testmod(module) for module in modules]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) >= 8
