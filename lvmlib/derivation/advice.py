"""The sentences of a verdict: what changed in a step, what would license it, and how far two lines are apart."""

from __future__ import annotations

from itertools import combinations

import torch

from lvmlib.derivation.arithmetic import Log, log
from lvmlib.derivation.expressions import Expression, const, new, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z
from lvmlib.derivation.models import PREMISES
from lvmlib.derivation.over_z import KL, E, Expectation, H, KullbackLeibler
from lvmlib.derivation.reasons import EQUATIONS, INEQUALITIES, jointly, licenses
from lvmlib.derivation.theorems import LEMMAS, Theorem
from lvmlib.derivation.trials import Counterexample, Trials, slack
from lvmlib.derivation.vocabulary import REASONS

READ = {"=": "equal to", ">=": "at least", "<=": "at most"}


def what_changed(before: Expression, after: Expression) -> str:
    """The smallest part of a line that became another, as a sentence; nothing where the whole line did."""
    old, new_ = before, after
    while type(old) is type(new_) and len(old.children) == len(new_.children):
        different = [(a, b) for a, b in zip(old.children, new_.children) if a != b]
        if len(different) != 1:
            break
        old, new_ = different[0]
    return f"What changed: `{old}` became `{new_}`. " if old != before else ""


def allowed(reason: str, theorem: Theorem) -> str:
    """Why the theorem does not let a reason be used; empty if it does."""
    if reason in PREMISES and reason not in theorem.premises:
        return (f"The theorem speaks of every q and every p, so {reason!r} is no premise of it "
                "and cannot be a reason. ")
    if reason in LEMMAS and reason not in theorem.lemmas:
        return f"{reason!r} may not be cited here: this theorem is to be shown from first principles. "
    return ""


def right_reason(theorem: Theorem, before: Expression, relation: str, after: Expression) -> str | None:
    """A single reason that licenses the step."""
    candidates = (reason for reason in REASONS if not allowed(reason, theorem))
    found = [reason for reason in candidates if licenses(reason, before, relation, after)]
    # where several do, the most telling: cancelling before algebra, a definition before cancelling
    telling = ("algebra", "multiply by one", "add and subtract")
    found.sort(key=lambda reason: -telling.index(reason) if reason in telling and "algebra" in found else reason in telling)
    return found[0] if found else None


def reasons_together(theorem: Theorem, before: Expression, relation: str, after: Expression, because: str) -> tuple[str, ...]:
    """Two reasons that license the step between them, ``because`` first if it is one; empty if there are none."""
    step = (before, relation, after)
    usable = [reason for reason in (*INEQUALITIES, "multiply by one", *EQUATIONS) if not allowed(reason, theorem)]
    usable.sort(key=lambda reason: reason != because)
    couples = sorted(combinations(usable, 2), key=lambda couple: because not in couple)
    for couple in couples:
        if jointly(couple, *step) and not any(jointly(couple, *step, idle=r) for r in couple if r not in INEQUALITIES):
            return couple
    return ()


def look_at_jensen(upper: Expression) -> str:
    """What is missing for Jensen's inequality: an expectation inside a logarithm."""
    pending, logarithms = [upper], []
    while pending:
        part = pending.pop()
        pending.extend(part.children)
        if type(part) is Log:
            logarithms.append(part)
    if any(type(logarithm.argument) is Expectation for logarithm in logarithms):
        return ""
    return ("Jensen moves a logarithm into an expectation: write the logarithm of an expectation first, "
            "for instance by multiplying with q_z / q_z inside the sum. ")


def difference(trials: Trials, before: Expression, after: Expression) -> str:
    """What two lines differ by, if it is a quantity with a name, as a sentence."""
    if "z" in before.free_symbols | after.free_symbols:
        return ""
    observed = [batch.observed for batch in trials.batches]
    n_z = [torch.tensor(float(batch.n_z)) for batch in trials.batches]

    def table(expression: Expression) -> list[torch.Tensor]:
        return [value[mask] for value, mask in zip(trials.values(expression), observed)]

    first, second = table(before), table(after)
    if all(_close(a, -b) for a, b in zip(first, second)):
        return "They differ by their sign. "
    if all(_close(a * n, b) for a, b, n in zip(first, second, n_z)):
        return ("Line {after} is line {before} times the number of values of z: a sum over z counts a term "
                "that does not depend on z once for each of them. ")
    for quantity in _quantities(before, after):
        for sign, larger in ((1, "{before}"), (-1, "{after}")):
            if all(_close(a, b + sign * c) for a, b, c in zip(first, second, table(quantity))):
                return f"Line {larger} is larger by exactly `{quantity}`: was a term lost or a sign turned? "
    return ""


def swapped_kl(trials: Trials, before: Expression, relation: str, after: Expression) -> str:
    """Whether a step would be true with each KL the other way round, as a sentence."""
    swapped = _swap_kl(after)
    if swapped == after or trials.refute(before, relation, swapped):
        return ""
    return "KL is not symmetric: with its two arguments swapped the step would be true. "


def _swap_kl(expression: Expression) -> Expression:
    if type(expression) is KullbackLeibler:
        return KL(expression.second, expression.first)
    return expression.with_children(_swap_kl)


def _quantities(before: Expression, after: Expression) -> list[Expression]:
    under_old = [
        KL(q_z, p_z_given_x), KL(p_z_given_x, q_z), KL(q_z, p_z), log(p_x), E(q_z, log(p_xz)), E(q_z, log(p_x_given_z)),
        E(q_z, log(p_z)), E(q_z, log(p_z_given_x)), H(p_z_given_x),
    ]
    under_new = [new(quantity) for quantity in under_old] if any(s.is_new for s in before.symbols | after.symbols) else []
    quantities = [H(q_z), *under_old, *under_new]
    return [const(1), *quantities, *(2 * quantity for quantity in quantities)]


def _close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(((a - b).abs() <= slack(a, b)).all())


def tables(counterexample: Counterexample, *expressions: Expression) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """The rows, one number for each z, of the tables that a step speaks of: of p(x, z) always."""
    model, x = counterexample.model, counterexample.x
    symbols = {symbol for expression in expressions for symbol in expression.symbols}
    rows = {"p(x, z)": model.p_xz[x]}
    if {p_z, p_x_given_z} & symbols:
        rows["p(z)"] = model.table("p_z")[0]
    if any(symbol.is_new for symbol in symbols):
        rows["p'(x, z)"] = model.new_p_xz[x]
    if {new(p_z), new(p_x_given_z)} & symbols:
        rows["p'(z)"] = model.table("p_z", is_new=True)[0]
    if q_z in symbols:
        rows["q(z|x)"] = model.q_z[x]
    return tuple((name, tuple(row.tolist())) for name, row in rows.items())
