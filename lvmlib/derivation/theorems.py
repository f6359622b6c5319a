"""Theorems that a derivation may be asked to prove: where it starts, where it ends, and what lies between."""

from __future__ import annotations

from dataclasses import dataclass

from lvmlib.derivation.arithmetic import log
from lvmlib.derivation.chain import RELATIONS, as_equality
from lvmlib.derivation.expressions import Operand, as_expression, new, p_x, p_xz, p_z_given_x, q_z
from lvmlib.derivation.models import PREMISES
from lvmlib.derivation.over_z import ELBO, KL

LEMMAS = ("ELBO is a lower bound", "ELBO gap is KL")
"""Reasons that cite a theorem."""


@dataclass(frozen=True)
class Theorem:
    """A statement ``start relation end`` about every model, every q and every x.

    Parameters
    ----------
    name
        What it says, for messages.
    start, end
        The two sides. A derivation may go from either to the other.
    relation
        ``"="``, ``">="`` or ``"<="``, read from start to end.
    tight_when
        ``(q_z, p_z_given_x)`` says that the two sides are equal exactly where q(z|x) is p(z|x).
    states_equality
        Whether the derivation itself must say where it is tight (``Derivation.tight_when``).
    premises
        Out of ``"E-step"`` and ``"M-step"``: what holds of the models, and may be used as a reason.
    lemmas
        Out of ``"ELBO is a lower bound"`` and ``"ELBO gap is KL"``: theorems that may be cited as reasons.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these.
    """

    name: str
    start: Operand
    relation: str
    end: Operand
    tight_when: tuple[Operand, Operand] | None = None
    states_equality: bool = False
    premises: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "start", as_expression(self.start, "start"))
        object.__setattr__(self, "end", as_expression(self.end, "end"))
        if self.relation not in RELATIONS:
            raise ValueError(f"relation must be one of {', '.join(RELATIONS)}, got {self.relation!r}")
        if self.tight_when is not None:
            object.__setattr__(self, "tight_when", as_equality(*self.tight_when))
        if self.tight_when is None and self.states_equality:
            raise ValueError("states_equality needs tight_when: the condition that the derivation must state")
        if self.tight_when is not None and self.relation == "=":
            raise ValueError("tight_when is for inequalities: an equality holds everywhere")
        for argument, allowed in (("premises", PREMISES), ("lemmas", LEMMAS)):
            if not set(getattr(self, argument)) <= set(allowed):
                raise ValueError(f"{argument} must be out of {allowed}, got {getattr(self, argument)!r}")
        if self.start.free_symbols != self.end.free_symbols and "z" in self.start.free_symbols | self.end.free_symbols:
            raise ValueError(f"one side depends on z and the other does not: {self.start} and {self.end}")

    def latex(self) -> str:
        theta = any(symbol.is_new for symbol in self.start.symbols | self.end.symbols)
        return f"{self.start.latex(theta)} {RELATIONS[self.relation]} {self.end.latex(theta)}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


elbo_is_a_lower_bound = Theorem(
    "the ELBO is a lower bound on ln p(x)",
    log(p_x), ">=", ELBO(q_z, p_xz), tight_when=(q_z, p_z_given_x),
)
elbo_gap_is_kl = Theorem(
    "what the ELBO lacks to ln p(x) is KL(q || p(z|x))",
    ELBO(q_z, p_xz), "=", log(p_x) - KL(q_z, p_z_given_x),
)
posterior_maximizes_the_elbo = Theorem(
    "over all q the ELBO is largest at the posterior, and only there",
    ELBO(p_z_given_x, p_xz), ">=", ELBO(q_z, p_xz), tight_when=(q_z, p_z_given_x), states_equality=True,
)
em_never_lowers = Theorem(
    "an EM step never lowers ln p(x)",
    log(p_x), "<=", log(new(p_x)), premises=("E-step", "M-step"), lemmas=LEMMAS,
)

ALL = (elbo_is_a_lower_bound, elbo_gap_is_kl, posterior_maximizes_the_elbo, em_never_lowers)
