"""What binds z: sums, expectations, and the named quantities KL, ELBO and entropy that abbreviate them."""

from __future__ import annotations

import torch

from lvmlib.derivation.arithmetic import bracket, log
from lvmlib.derivation.expressions import Expression, Operand, Symbol, as_expression, node, p_xz, q_z

DISTRIBUTIONS = ("q_z", "p_z_given_x", "p_z")
"""The symbols that are distributions over z, so that an expectation may be taken under them."""


def as_distribution(value: object, name: str) -> Symbol:
    """``value`` itself if it is a distribution over z.

    Raises
    ------
    TypeError, ValueError
        If it is not an expression, or not a distribution over z; ``name`` is how the message calls it.
    """
    value = as_expression(value, name)
    if type(value) is not Symbol or value.name not in DISTRIBUTIONS:
        raise ValueError(f"{name} must be a distribution over z ({', '.join(DISTRIBUTIONS)}, or new of a p among them), "
                         f"got {value}; E(q_z, f) is the expectation of f under q(z|x)")
    return value


class Binder(Expression):
    """An expression in which z is bound."""

    def _free(self, variables):
        return variables - {"z"}

    def code(self):
        return f"{self.function}({', '.join(child.code() for child in self.children)})"


@node
class SumOverZ(Binder):
    body: Expression
    function, open_ended = "sum_z", True

    def value(self, model):
        body = self.body.value(model)
        return torch.broadcast_to(body, (*body.shape[:-1], model.n_z)).sum(-1, keepdim=True)

    def _latex(self, theta):
        return rf"\sum_z {bracket(self.body, theta, needed=self.body.precedence < 2)}"


@node
class Expectation(Binder):
    distribution: Expression
    body: Expression
    function = "E"

    def __post_init__(self):
        super().__post_init__()
        as_distribution(self.distribution, "the first argument of E")

    def value(self, model):
        return (self.distribution.value(model) * self.body.value(model)).sum(-1, keepdim=True)

    def _latex(self, theta):
        return rf"\mathbb{{E}}_{{{self.distribution._latex(theta)}}}\left[{self.body._latex(theta)}\right]"


class Abbreviation(Binder):
    """A named quantity. It has a definition, and steps into and out of it need one."""

    def definition(self) -> Expression:
        """What it stands for."""
        raise NotImplementedError

    def value(self, model):
        return self.definition().value(model)


@node
class KullbackLeibler(Abbreviation):
    first: Expression
    second: Expression
    function = "KL"

    def __post_init__(self):
        super().__post_init__()
        as_distribution(self.first, "the first argument of KL")
        as_distribution(self.second, "the second argument of KL")

    def definition(self):
        return Expectation(self.first, log(self.first / self.second))

    def _latex(self, theta):
        return rf"\mathrm{{KL}}\left({self.first._latex(theta)} \,\middle\|\, {self.second._latex(theta)}\right)"


@node
class EvidenceLowerBound(Abbreviation):
    distribution: Expression
    joint: Expression
    function = "ELBO"

    def __post_init__(self):
        super().__post_init__()
        as_distribution(self.distribution, "the first argument of ELBO")
        if type(self.joint) is not Symbol or self.joint.name != "p_xz":
            raise ValueError(f"the second argument of ELBO must be p_xz or new(p_xz), got {self.joint}")

    def definition(self):
        return Expectation(self.distribution, log(self.joint / self.distribution))

    def _latex(self, theta):
        return rf"\mathrm{{ELBO}}\left({self.distribution._latex(theta)},\, {self.joint._latex(theta)}\right)"


@node
class Entropy(Abbreviation):
    distribution: Expression
    function = "H"

    def __post_init__(self):
        super().__post_init__()
        as_distribution(self.distribution, "the argument of H")

    def definition(self):
        return -Expectation(self.distribution, log(self.distribution))

    def _latex(self, theta):
        return rf"\mathrm{{H}}\left({self.distribution._latex(theta)}\right)"


def sum_z(body: Operand) -> Expression:
    """The sum of an expression over all values of z."""
    return SumOverZ(as_expression(body, "the argument of sum_z"))


def E(distribution: Operand, body: Operand) -> Expression:
    """The expectation of ``body`` over z under a distribution: sum_z distribution * body."""
    return Expectation(as_distribution(distribution, "the first argument of E"),
                       as_expression(body, "the second argument of E"))


def KL(first: Operand, second: Operand) -> Expression:
    """The Kullback-Leibler divergence between two distributions over z: E_first[ln(first / second)]."""
    return KullbackLeibler(as_distribution(first, "the first argument of KL"),
                           as_distribution(second, "the second argument of KL"))


def ELBO(distribution: Operand = q_z, joint: Operand = p_xz) -> Expression:
    """The evidence lower bound: E_q[ln(p(x, z) / q(z|x))]; ``ELBO(q_z, new(p_xz))`` is that of new parameters."""
    return EvidenceLowerBound(as_distribution(distribution, "the first argument of ELBO"),
                              as_expression(joint, "the second argument of ELBO"))


def H(distribution: Operand = q_z) -> Expression:
    """The entropy of a distribution over z: -E_q[ln q]."""
    return Entropy(as_distribution(distribution, "the argument of H"))
