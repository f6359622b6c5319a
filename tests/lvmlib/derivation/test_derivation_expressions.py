"""Expressions: evaluation against plain loops, writing, inspection, and what they refuse."""

import copy
import functools
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
import torch
from expression_strategies import any_sign
from hypothesis import given, settings
from hypothesis import strategies as st

from lvmlib import derivation as lib
from lvmlib.derivation import (
    ELBO, KL, Derivation, E, FiniteModel, H, const, log, new, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z, random_models, sum_z,
)
from lvmlib.derivation.arithmetic import Add, Divide, Log, Multiply, Negate, Subtract
from lvmlib.derivation.expressions import MAX_DEPTH, MAX_SIZE, Constant, Expression, Symbol
from lvmlib.derivation.over_z import Entropy, EvidenceLowerBound, Expectation, KullbackLeibler, SumOverZ

@functools.cache
def one_model(n_x: int, n_z: int, seed: int) -> FiniteModel:
    batch = next(b for b in random_models(120, seed, premises=()) if (b.n_x, b.n_z) == (n_x, n_z))
    return batch[-4]  # of those with irregular numbers and a q of its own


@functools.cache
def as_lists(model: FiniteModel) -> tuple[list[list[float]], ...]:
    return model.p_xz.tolist(), model.new_p_xz.tolist(), model.q_z.tolist()


@functools.cache  # nested sums would else be added up again for each z of the sums around them
def by_loops(expression: Expression, model: FiniteModel, x: int, z: int | None) -> float:
    """The value at one x and z, from the joint tables alone, by the definitions."""
    p, q = as_lists(model)[isinstance(expression, Symbol) and expression.is_new], as_lists(model)[2]
    n_x, n_z = len(p), len(p[0])

    def at(part: Expression, z_: int | None = z) -> float:
        return by_loops(part, model, x, z_ if "z" in part.free_symbols else None)

    match expression:
        case Symbol("p_xz"):
            return p[x][z]
        case Symbol("p_x"):
            return sum(p[x][k] for k in range(n_z))
        case Symbol("p_z"):
            return sum(p[i][z] for i in range(n_x))
        case Symbol("p_x_given_z"):
            return p[x][z] / sum(p[i][z] for i in range(n_x))
        case Symbol("p_z_given_x"):
            return p[x][z] / sum(p[x][k] for k in range(n_z))
        case Symbol("q_z"):
            return q[x][z]
        case Constant(number):
            return number.numerator / number.denominator
        case Add(a, b):
            return at(a) + at(b)
        case Subtract(a, b):
            return at(a) - at(b)
        case Multiply(a, b):
            return at(a) * at(b)
        case Divide(a, b):
            return at(a) / at(b)
        case Negate(a):
            return -at(a)
        case Log(a):
            return math.log(at(a))
        case SumOverZ(a):
            return sum(at(a, k) for k in range(n_z))
        case Expectation(d, a):
            return sum(at(d, k) * at(a, k) for k in range(n_z))
        case KullbackLeibler(a, b):
            return sum(at(a, k) * math.log(at(a, k) / at(b, k)) for k in range(n_z))
        case EvidenceLowerBound(d, joint):
            return sum(at(d, k) * (math.log(at(joint, k)) - math.log(at(d, k))) for k in range(n_z))
        case Entropy(d):
            return -sum(at(d, k) * math.log(at(d, k)) for k in range(n_z))
    raise AssertionError(expression)


@settings(max_examples=150, deadline=None)
@given(expression=any_sign, n=st.sampled_from([(2, 3), (3, 2), (4, 3)]), seed=st.integers(0, 20))
def test_evaluation_equals_plain_loops(expression, n, seed):
    n_x, n_z = n
    model = one_model(n_x, n_z, seed)
    value = expression.evaluate(model)
    free = "z" in expression.free_symbols
    assert value.shape == ((n_x, n_z) if free else (n_x,))
    assert value.dtype == torch.float64
    loops = [[by_loops(expression, model, x, z) for z in range(n_z)] if free else by_loops(expression, model, x, None) for x in range(n_x)]
    expected = torch.tensor(loops, dtype=torch.float64)
    # float64 rounding of the largest intermediate value, which may cancel: sums here stay below a few thousand terms
    scale = max(1.0, float(expected.abs().max()))
    assert torch.allclose(value, expected, rtol=1e-9, atol=1e-9 * scale)


@settings(max_examples=150, deadline=None)
@given(expression=any_sign)
def test_code_builds_the_expression_again(expression):
    names = {name: getattr(lib, name) for name in lib.__all__} | {"Fraction": Fraction}
    again = eval(repr(expression), names)
    assert again == expression
    assert hash(again) == hash(expression)


@settings(max_examples=100, deadline=None)
@given(expression=any_sign)
def test_data_builds_the_expression_again(expression):
    derivation = Derivation(expression).equals(expression + 1, because="algebra").tight_when(p_z, q_z)
    assert Derivation.from_data(Derivation.to_data(derivation)) == derivation


@settings(max_examples=100, deadline=None)
@given(expression=any_sign)
def test_latex_has_balanced_brackets(expression):
    latex = expression.latex()
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")


def test_a_batch_of_models_evaluates_as_its_members():
    batch = random_models(60, seed=3)[2]
    expression = E(q_z, log(p_xz / q_z)) + log(p_x)
    together = expression.evaluate(batch)
    assert together.shape == (len(batch.p_xz), batch.n_x)
    for index in (0, 4, 9):
        assert torch.allclose(together[index], expression.evaluate(batch[index]), rtol=1e-13, atol=0)


LATEX = [
    (log(p_x), r"\ln p(x)"),
    (log(sum_z(p_xz)), r"\ln \sum_z p(x, z)"),
    (E(q_z, log(p_xz / q_z)), r"\mathbb{E}_{q(z \mid x)}\left[\ln \frac{p(x, z)}{q(z \mid x)}\right]"),
    (log(p_x) - KL(q_z, p_z_given_x), r"\ln p(x) - \mathrm{KL}\left(q(z \mid x) \,\middle\|\, p(z \mid x)\right)"),
    (log(p_z * p_x_given_z), r"\ln \left(p(z) \, p(x \mid z)\right)"),
    (sum_z(q_z * (log(p_xz) - log(q_z))), r"\sum_z q(z \mid x) \, \left(\ln p(x, z) - \ln q(z \mid x)\right)"),
    (sum_z(p_xz + q_z) + 1, r"\sum_z \left(p(x, z) + q(z \mid x)\right) + 1"),
    (log(p_x) * q_z, r"\left(\ln p(x)\right) \, q(z \mid x)"),
    (log(p_x) - (log(p_x) - 2), r"\ln p(x) - \left(\ln p(x) - 2\right)"),
    (-(p_x + 1) / 2, r"\frac{-\left(p(x) + 1\right)}{2}"),
    (p_x + (-H(q_z)), r"p(x) + \left(-\mathrm{H}\left(q(z \mid x)\right)\right)"),
    (2 * const(3) * p_x, r"2 \cdot 3 \, p(x)"),
    (0.5 * ELBO(), r"\tfrac{1}{2} \, \mathrm{ELBO}\left(q(z \mid x),\, p(x, z)\right)"),
    (log(new(p_x)) - log(p_x), r"\ln p_{\theta'}(x) - \ln p_{\theta}(x)"),
    (E(new(p_z), new(p_x_given_z)), r"\mathbb{E}_{p_{\theta'}(z)}\left[p_{\theta'}(x \mid z)\right]"),
]


@pytest.mark.parametrize(("expression", "latex"), LATEX, ids=[repr(expression) for expression, _ in LATEX])
def test_latex(expression, latex):
    assert expression.latex() == latex
    assert latex in expression._repr_latex_()


@pytest.mark.parametrize(("expression", "code"), [
    (2 * p_x, "2 * p_x"), (const(2) * 3, "const(2) * 3"), (p_x - (p_x - 1), "p_x - (p_x - 1)"), (p_x / (q_z * 2), "p_x / (q_z * 2)"),
    (-(p_x * q_z), "-(p_x * q_z)"), (-2 * p_x, "-2 * p_x"), (0.1 + p_x, "0.1 + p_x"), (Fraction(1, 3) * p_x, "Fraction(1, 3) * p_x"),
    (new(p_z_given_x) / q_z, "new(p_z_given_x) / q_z"), (np.float64(0.5) * p_x, "0.5 * p_x"), (np.int64(3) - p_x, "3 - p_x"),
])
def test_code(expression, code):
    assert repr(expression) == str(expression) == code


def test_free_symbols_and_inspection():
    assert p_z.free_symbols == {"z"} and p_x.free_symbols == {"x"} and q_z.free_symbols == {"x", "z"}
    assert const(3).free_symbols == frozenset()
    assert sum_z(p_xz).free_symbols == {"x"} and E(p_z, p_z).free_symbols == frozenset()
    assert (E(q_z, log(q_z)) * q_z).free_symbols == {"x", "z"}
    assert KL(q_z, p_z).free_symbols == {"x"} and KL(p_z, new(p_z)).free_symbols == frozenset()
    expression = E(q_z, log(new(p_xz) / q_z))
    assert expression.symbols == {q_z, new(p_xz)}
    assert expression.children == (q_z, log(new(p_xz) / q_z))
    assert expression.size == 6 and expression.depth == 4


def test_structural_equality_and_immutability():
    assert p_xz / q_z == p_xz / q_z and p_xz / q_z != q_z / p_xz and p_x + p_z != p_z + p_x
    assert new(p_xz) != p_xz and const(2) == const(2.0) and const(0.1) == const(Fraction(1, 10))
    assert len({log(p_x), log(p_x), log(new(p_x))}) == 2
    with pytest.raises(AttributeError):
        p_x.name = "q_z"
    with pytest.raises(AttributeError):
        log(p_x).argument = p_z
    for expression in (p_x, E(q_z, log(p_xz / q_z)) - 0.5):
        assert pickle.loads(pickle.dumps(expression)) == expression
        assert copy.deepcopy(expression) == expression


def test_new_reaches_every_p_and_leaves_q():
    assert new(E(q_z, log(p_xz / q_z))) == E(q_z, log(new(p_xz) / q_z))
    assert new(KL(q_z, p_z_given_x)) == KL(q_z, new(p_z_given_x))
    with pytest.raises(ValueError, match="q has no theta"):
        new(q_z)
    with pytest.raises(ValueError, match="no p in it"):
        new(3)
    with pytest.raises(ValueError, match="under new parameters already"):
        new(new(p_x) / p_x)


@pytest.mark.parametrize(("build", "error", "words"), [
    (lambda: log("p_x"), TypeError, "argument of log must be an expression or a number, got 'p_x' of type str"),
    (lambda: p_x + "1", TypeError, r"right side of \+ must be"),
    (lambda: [1] * p_x, TypeError, r"left side of \* must be"),
    (lambda: None / p_x, TypeError, "left side of / must be"),
    (lambda: p_x - True, TypeError, "right side of - must be"),
    (lambda: torch.tensor(2.0) * p_x, TypeError, r"left side of \*"),
    (lambda: sum_z(None), TypeError, "argument of sum_z"),
    (lambda: E(q_z, lambda z: z), TypeError, "second argument of E"),
    (lambda: E("q_z", p_x), TypeError, "first argument of E"),
    (lambda: E(log(p_xz), q_z), ValueError, r"first argument of E must be a distribution over z .*log\(p_xz\)"),
    (lambda: E(E(q_z, p_xz), q_z), ValueError, "first argument of E"),
    (lambda: E(p_xz, log(p_xz)), ValueError, "first argument of E"),
    (lambda: KL(q_z, p_xz), ValueError, "second argument of KL"),
    (lambda: KL(p_x, q_z), ValueError, "first argument of KL"),
    (lambda: ELBO(q_z, p_x), ValueError, "second argument of ELBO must be p_xz"),
    (lambda: H(p_x_given_z), ValueError, "argument of H"),
    (lambda: log(-1), ValueError, "logarithm of -1 is not defined"),
    (lambda: log(const(1) - 1), ValueError, "logarithm of 0 is not defined"),
    (lambda: p_x / 0, ValueError, "division by zero"),
    (lambda: p_x / (const(2) - 2), ValueError, "division by zero"),
    (lambda: const(math.nan), ValueError, "must be finite"),
    (lambda: const(math.inf), ValueError, "must be finite"),
    (lambda: 10**12 * p_x, ValueError, "at most 1000000000"),
    (lambda: const(1e-40), ValueError, "30 decimals"),
    (lambda: const("2"), TypeError, "must be a real number"),
    (lambda: const(2 + 1j), TypeError, "must be a real number"),
    (lambda: Symbol("p_y"), ValueError, "there is no symbol 'p_y'"),
    (lambda: Symbol("q_z", is_new=True), ValueError, "there is no symbol 'q_z' with is_new=True"),
    (lambda: p_x ** 2, TypeError, "unsupported operand"),
    (lambda: math.log(p_x), TypeError, "real number"),
])
def test_bad_input_is_refused(build, error, words):
    with pytest.raises(error, match=words):
        build()


def test_undefined_values_raise():
    model = one_model(2, 3, seed=0)
    with pytest.raises(ValueError, match=r"log\(p_x - 1\) is not defined on this model"):
        log(p_x - 1).evaluate(model)
    with pytest.raises(ValueError, match="divides by zero"):
        (1 / (p_x - p_x)).evaluate(model)


def test_size_is_bounded():
    doubled = p_x
    with pytest.raises(ValueError, match=f"at most {MAX_SIZE} parts"):
        for _ in range(64):
            doubled = doubled + doubled
    nested = p_x
    with pytest.raises(ValueError, match=f"{MAX_DEPTH} deep"):
        for _ in range(10_000):
            nested = log(nested)


class Liar(Expression):
    """Claims to be whatever it is compared with."""

    children, size, depth, free_symbols, symbols = (), 1, 1, frozenset({"x"}), frozenset()

    def __init__(self):
        pass

    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash(log(p_x))

    def value(self, model):
        return torch.zeros(1, 1, dtype=torch.float64)


def test_a_subclass_is_not_an_expression():
    fake_symbol = type("Symbol", (Symbol,), {})  # even under a name that is known
    for build in (lambda: log(Liar()), lambda: p_x + Liar(), lambda: Derivation(Liar()), lambda: fake_symbol("p_x"),
                  lambda: Derivation(p_x).equals(Liar(), because="algebra"), lambda: Add(p_x, Liar()), lambda: Add(p_x, 2)):
        with pytest.raises(TypeError, match="expression"):
            build()
