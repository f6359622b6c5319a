"""The verdict on a derivation: tried on models first, then looked at line by line."""

from __future__ import annotations

from dataclasses import dataclass

from lvmlib.derivation import advice
from lvmlib.derivation.chain import FLIPPED, Derivation
from lvmlib.derivation.expressions import Expression
from lvmlib.derivation.models import FiniteModel, random_models
from lvmlib.derivation.reasons import INEQUALITIES, NOTATION, jump, licenses
from lvmlib.derivation.rewriting import equal_in
from lvmlib.derivation.theorems import Theorem
from lvmlib.derivation.trials import Counterexample, Trials
from lvmlib.derivation.vocabulary import REASONS

KINDS = {
    "ok": "the derivation proves the theorem",
    "no steps": "it has one line only",
    "free z": "a line depends on z and the first does not, or the other way round",
    "wrong start": "the first line is neither side of the theorem",
    "undefined": "a line is not defined on some model: a logarithm of what is not positive, or a division by zero",
    "false step": "a model refutes the step",
    "mixed relations": "the chain goes down and then up, or the other way round, so that its ends are not compared",
    "reason does not license": "the step is true, but not for that reason",
    "jump": "the step is true, but takes more than one reason",
    "wrong end": "the last line is not the other side of the theorem",
    "wrong relation": "every step is right, but together they show less than the theorem claims",
    "not tight": "the two sides are not equal exactly where it is claimed",
    "no equality condition": "the theorem asks where it is tight, and the derivation does not say",
}
"""What a verdict may be."""


@dataclass(frozen=True, repr=False)
class Verdict:
    """What was found: the first thing that is wrong, or that nothing is."""

    kind: str
    """One of ``KINDS``."""
    line: int | None
    """Number of the first wrong line, counted from 1; None if no line is."""
    explanation: str
    """What is wrong and what to look at."""
    counterexample: FiniteModel | None = None
    """The model that refutes a step."""
    x: int | None = None
    """The x at which it does."""
    values: tuple[float, float] | None = None
    """The values there of the line before and of the line (of the first and the last, if it is about tightness)."""
    tables: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """The model's rows at that x, as far as the step speaks of them: name, and a number for each z."""

    @property
    def ok(self) -> bool:
        return self.kind == "ok"

    @property
    def message(self) -> str:
        """The explanation, and the model that refutes the step."""
        if not self.tables:
            return self.explanation
        rows = ", ".join(f"{name} = ({', '.join(f'{entry:.3g}' for entry in row)})" for name, row in self.tables)
        return f"{self.explanation} The model, at x = {self.x} for each z: {rows}."

    def __repr__(self) -> str:
        place = f"line {self.line}, " if self.line else ""
        return f"{'Right' if self.ok else 'Not yet'} ({place}{self.kind}): {self.message}"

    def _repr_markdown_(self) -> str:
        place = f"line {self.line}, " if self.line else ""
        text = f"**{'Right' if self.ok else 'Not yet'}** ({place}{self.kind}). {self.explanation}"
        if self.tables:
            n_z = len(self.tables[0][1])
            text += f"\n\n| at x = {self.x} | {' | '.join(f'z = {z}' for z in range(n_z))} |\n|---|{'---|' * n_z}"
            for name, row in self.tables:
                escaped = name.replace("|", "\\|")
                text += f"\n| {escaped} | {' | '.join(f'{entry:.3g}' for entry in row)} |"
        return text


def check(derivation: Derivation, theorem: Theorem, n_models: int = 300, seed: int = 0) -> Verdict:
    """Whether a derivation proves a theorem.

    In turn: are the lines comparable, is the first a side of the theorem, is every step true on
    ``n_models`` random finite models at every x, does each reason license what changed, is the
    last line the theorem's other side with the right relation, and is it tight where it should be.
    The first that fails is the verdict: a false step comes before one that is only badly reasoned.

    Parameters
    ----------
    derivation, theorem
        What is claimed, and what is to be shown.
    n_models
        Number of random models (see :func:`~lvmlib.derivation.models.random_models`).
    seed
        Of the models; the same seed gives the same verdict.

    Raises
    ------
    TypeError
        If ``derivation`` is not a Derivation, or ``theorem`` not a Theorem, of exactly these types.
    """
    if type(derivation) is not Derivation:
        raise TypeError(f"derivation must be a Derivation, got {type(derivation).__name__}")
    if type(theorem) is not Theorem:
        raise TypeError(f"theorem must be a Theorem, got {type(theorem).__name__}")
    derivation = Derivation.from_data(Derivation.to_data(derivation))  # rebuilt from plain data: nothing hides in its parts
    return _Check(derivation, theorem, Trials(random_models(n_models, seed, theorem.premises))).verdict()


class _Check:
    def __init__(self, derivation: Derivation, theorem: Theorem, trials: Trials):
        self.derivation, self.theorem, self.trials = derivation, theorem, trials
        self.lines = derivation.lines
        self.first, self.last = self.lines[0].expression, self.lines[-1].expression
        self.reversed = not _is_side(self.first, theorem.start)
        self.goal = theorem.start if self.reversed else theorem.end
        self.relation = FLIPPED[theorem.relation] if self.reversed else theorem.relation

    def verdict(self) -> Verdict:
        for look in (self.comparable, self.start, self.true, self.licensed, self.end, self.tight):
            found = look()
            if found is not None:
                return found
        return self.found("ok", None, f"This derivation shows that {self.theorem.name}.")

    def found(self, kind: str, line: int | None, message: str, counterexample: Counterexample | None = None,
              *described: Expression) -> Verdict:
        if counterexample is None:
            return Verdict(kind, line, message.strip())
        return Verdict(kind, line, message.strip(), counterexample.model, counterexample.x,
                       (counterexample.before, counterexample.after), advice.tables(counterexample, *described))

    def comparable(self) -> Verdict | None:
        bound = "z" not in self.theorem.start.free_symbols
        for number, line in enumerate(self.lines, start=1):
            if ("z" not in line.expression.free_symbols) is not bound:
                depends = "does not depend on z" if not bound else "depends on z"
                return self.found("free z", number, (
                    f"Line {number}, `{line.expression}`, {depends}, and the theorem's two sides "
                    f"{'do not' if bound else 'do'}: they cannot be compared. "
                    + ("Where should z be summed over (sum_z) or averaged (E)?" if bound else "Where did z go?")))
        if len(self.lines) == 1:
            return self.found("no steps", 1, "The derivation has one line only: go on with equals, at_least or at_most.")
        return None

    def start(self) -> Verdict | None:
        theorem = self.theorem
        if _is_side(self.first, theorem.start) or _is_side(self.first, theorem.end):
            return None
        message = f"A derivation of this theorem starts at `{theorem.start}` or at `{theorem.end}`, not at `{self.first}`. "
        if self.trials.undefined(self.first) is None:
            for side in (theorem.start, theorem.end):
                if self.trials.refute(self.first, "=", side) is None:
                    message += f"It has the same value as `{side}`: put that before it, and say why they are equal."
                    break
        return self.found("wrong start", 1, message)

    def true(self) -> Verdict | None:
        for number, line in enumerate(self.lines, start=1):
            where = self.trials.undefined(line.expression)
            if where:
                return self.found("undefined", number, (
                    f"Line {number}, `{line.expression}`, is not defined on every model: it takes the logarithm "
                    "of a number that is not positive, or divides by zero."), where, line.expression)
        for number, (before, line) in enumerate(zip(self.lines, self.lines[1:]), start=2):
            refuted = self.trials.refute(before.expression, line.relation, line.expression)
            if refuted:
                return self.found("false step", number, self.false_step(number, refuted), refuted,
                                  before.expression, line.expression)
        return None

    def false_step(self, number: int, refuted: Counterexample) -> str:
        before, line = self.lines[number - 2].expression, self.lines[number - 1]
        at = f"at x = {refuted.x}" + (f", z = {refuted.z}" if refuted.z is not None else "")
        message = (f"Line {number - 1} is not {advice.READ[line.relation]} line {number}: on the model below, {at}, "
                   f"line {number - 1} is {refuted.before:.4g} and line {number} is {refuted.after:.4g}. ")
        holds = [r for r in ("=", ">=", "<=") if r != line.relation and self.trials.refute(before, r, line.expression) is None]
        if line.relation == "=" and line.because in INEQUALITIES:
            message += f"{line.because!r} gives an inequality: {REASONS[line.because]}. "
        elif line.relation == "=" and holds:
            message += f"On every model tried line {number - 1} is {advice.READ[holds[0]]} line {number}. "
        elif holds:
            message += (f"On every model tried it is the other way round: line {number - 1} is "
                        f"{advice.READ[holds[0]]} line {number}. ")
        message += advice.difference(self.trials, before, line.expression).format(before=number - 1, after=number)
        message += advice.swapped_kl(self.trials, before, line.relation, line.expression)
        message += advice.what_changed(before, line.expression)
        return message + advice.allowed(line.because, self.theorem)

    def licensed(self) -> Verdict | None:
        direction = "="
        for number, (before, line) in enumerate(zip(self.lines, self.lines[1:]), start=2):
            if "=" not in (direction, line.relation) and direction != line.relation:
                return self.found("mixed relations", number, (
                    f"The chain has said {direction} so far and says {line.relation} at line {number}: "
                    "then nothing follows about its first and last line. Each step must be = or go the same way."))
            direction = line.relation if direction == "=" else direction
            forbidden = advice.allowed(line.because, self.theorem)
            if forbidden:
                return self.found("reason does not license", number, forbidden)
            if not licenses(line.because, before.expression, line.relation, line.expression):
                return self.unlicensed(number)
        return None

    def unlicensed(self, number: int) -> Verdict:
        before, line = self.lines[number - 2].expression, self.lines[number - 1]
        step = (before, line.relation, line.expression)
        message = f"Line {number} is true on every model tried, but {line.because!r} does not take line {number - 1} to it. "
        right = advice.right_reason(self.theorem, *step)
        if right:
            return self.found("reason does not license", number, (
                message + f"That reason says: {REASONS[line.because]}. " + advice.what_changed(before, line.expression)
                + f"What happened here is {right!r}: {REASONS[right]}."))
        if line.because == "Jensen":
            message += advice.look_at_jensen(before if line.relation == ">=" else line.expression)
        together = advice.reasons_together(self.theorem, *step, line.because)
        if len(self.lines) == 2 and _is_side(self.last, self.goal):
            message += "This jumps from the theorem's one side to the other: what lies between is the derivation. "
        elif together:
            message += f"It takes {together[0]!r} and {together[1]!r}: write a line for each. "
        elif jump(line.because, *step, self.theorem.premises):
            message += "It takes several: write the lines between, with one reason each. "
        else:
            message += f"That reason says: {REASONS[line.because]}. "
            return self.found("reason does not license", number, message + advice.what_changed(before, line.expression))
        return self.found("jump", number, message + advice.what_changed(before, line.expression))

    def end(self) -> Verdict | None:
        number = len(self.lines)
        if not _is_side(self.last, self.goal):
            message = f"The derivation ends at `{self.last}`; it should end at `{self.goal}`. "
            if self.trials.refute(self.last, "=", self.goal) is None:
                message += "The two have the same value, but that is still to be shown: go on."
            elif self.theorem.tight_when:
                q, other = self.theorem.tight_when
                where = self.trials.not_tight(self.first, self.last, other)
                if where:
                    message += (f"What is shown is true, but another statement: its two sides are not equal at "
                                f"`{q}` = `{other}`, where they are {where.before:.4g} and {where.after:.4g} on some model.")
            return self.found("wrong end", number, message)
        relations = {line.relation for line in self.lines[1:]} - {"="}
        if relations and relations != {self.relation}:
            number = next(n for n, line in enumerate(self.lines, start=1) if line.relation in relations)
            return self.found("wrong relation", number, (
                f"The theorem says `{self.first}` {self.relation} `{self.last}`, and the chain shows no more than "
                f"{relations.pop()}, because of line {number}."))
        return None

    def tight(self) -> Verdict | None:
        claim = self.derivation.equality
        if self.theorem.states_equality and claim is None:
            return self.found("no equality condition", None, (
                "Every step is right. The theorem also asks when its two sides are equal: "
                "say so with `tight_when(q_z, ...)`, naming a distribution over z."))
        condition = claim or self.theorem.tight_when
        if condition is None:
            return None
        q, other = condition
        where = self.trials.not_tight(self.first, self.last, other)
        if where:
            return self.found("not tight", None, (
                f"The first and the last line are not equal where `{q}` = `{other}`: on the model below, "
                f"at x = {where.x}, they are {where.before:.4g} and {where.after:.4g}."), where, self.first, self.last)
        where = self.trials.not_strict(self.first, self.last, other)
        if where:
            return self.found("not tight", None, (
                f"The first and the last line are equal not only where `{q}` = `{other}`: on the model below, "
                f"at x = {where.x}, both are {where.before:.4g}."), where, self.first, self.last)
        return None


def _is_side(line: Expression, side: Expression) -> bool:
    """Whether a line is a side of a theorem, but for how it is written."""
    return equal_in(NOTATION, line, side)
