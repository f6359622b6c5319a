"""Executable derivations: a chain of expressions with a reason for each step, checked by the machine.

A derivation starts at one expression and goes on by ``equals``, ``at_least`` and ``at_most``,
each with a reason out of ``REASONS``. ``check`` evaluates the chain on hundreds of random
finite models (tables of p and q, every x), and looks at what changed from line to line:
the reason must license it.

Examples
--------
The ELBO is a lower bound on ln p(x):

>>> from lvmlib.derivation import Derivation, E, check, log, p_x, p_xz, q_z, sum_z, theorems
>>> derivation = (
...     Derivation(log(p_x))
...     .equals(log(sum_z(p_xz)), because="marginalization")
...     .equals(log(sum_z(q_z * p_xz / q_z)), because="multiply by one")
...     .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
...     .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
... )
>>> check(derivation, theorems.elbo_is_a_lower_bound).ok
True

A step that is not true is refuted by a model; one that is true but not for the reason given
is refused too:

>>> wrong = Derivation(log(p_x)).equals(log(sum_z(p_xz)), because="Bayes' rule")
>>> verdict = check(wrong, theorems.elbo_is_a_lower_bound)
>>> verdict.ok, verdict.line, verdict.kind
(False, 2, 'reason does not license')

What there is
-------------
Symbols
    ``p_z, p_x_given_z, p_xz, p_x, p_z_given_x, q_z``; ``new(p_xz)`` is p'(x, z), the same
    symbol under new parameters; ``const(2)``, though plain numbers do.
Building expressions
    ``+ - * /``, ``log``, ``sum_z(f)``, ``E(q_z, f)`` (also under ``p_z`` and ``p_z_given_x``),
    and the named quantities ``KL(q_z, p_z_given_x)``, ``ELBO(q_z, p_xz)`` and ``H(q_z)``.
Looking at expressions
    They show as LaTeX, compare by structure, have ``free_symbols`` (out of x and z),
    ``symbols``, ``children`` and ``evaluate(model)``.
Checking
    ``check(derivation, theorem, n_models=300, seed=0)`` gives a :class:`Verdict`: ``ok, kind,
    line, message, counterexample, x, values``. Theorems stand in ``theorems``; one of your own is
    ``Theorem(name, start, relation, end, tight_when=(q_z, p_z_given_x))``.
    ``derivation.tight_when(q_z, p_z_given_x)`` claims where the bound is tight.
    ``derivation.to_data()`` and ``Derivation.from_data(data)`` carry it between processes as JSON.
"""

from lvmlib.derivation import theorems
from lvmlib.derivation.arithmetic import log
from lvmlib.derivation.chain import Derivation, Line
from lvmlib.derivation.checker import Verdict, check
from lvmlib.derivation.expressions import (
    Expression,
    const,
    new,
    p_x,
    p_x_given_z,
    p_xz,
    p_z,
    p_z_given_x,
    q_z,
)
from lvmlib.derivation.models import FiniteModel, random_models
from lvmlib.derivation.over_z import ELBO, KL, E, H, sum_z
from lvmlib.derivation.theorems import Theorem
from lvmlib.derivation.vocabulary import REASONS

__all__ = [
    "ELBO", "KL", "REASONS", "Derivation", "E", "Expression", "FiniteModel", "H", "Line", "Theorem", "Verdict",
    "check", "const", "log", "new", "p_x", "p_x_given_z", "p_xz", "p_z", "p_z_given_x", "q_z", "random_models",
    "sum_z", "theorems",
]
