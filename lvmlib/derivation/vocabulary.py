"""The named reasons of a derivation: what a step may say, and what each licenses."""

from __future__ import annotations

import difflib
from types import MappingProxyType

REASONS = MappingProxyType({
    "algebra": "reorder, expand, factor or cancel: true of any numbers, whatever the symbols mean",
    "multiply by one": "put in, or take out, a factor that cancels, such as q / q",
    "add and subtract": "put in, or take out, terms that cancel, such as ln q - ln q",
    "linearity": "E[a f + b g] = a E[f] + b E[g], and the same for a sum over z; a and b do not depend on z",
    "an independent term leaves the expectation": "E[c] = c, E[c f] = c E[f] and E[c + f] = c + E[f], where c does not depend on z",
    "normalization": "a distribution over z sums to one: sum_z q(z|x) = 1",
    "log of a product": "ln(a b) = ln a + ln b, and ln(a / b) = ln a - ln b",
    "definition of expectation": "E_q[f] = sum_z q f, for any distribution over z",
    "definition of KL": "KL(q, p) = E_q[ln(q / p)]",
    "definition of the ELBO": "ELBO(q, p(x, z)) = E_q[ln(p(x, z) / q)]",
    "definition of entropy": "H(q) = -E_q[ln q]",
    "marginalization": "p(x) = sum_z p(x, z) = sum_z p(z) p(x|z)",
    "product rule": "p(x, z) = p(z) p(x|z) = p(x) p(z|x)",
    "Bayes' rule": "p(z|x) = p(x|z) p(z) / p(x)",
    "Jensen": "ln E[f] >= E[ln f]: the logarithm moves into an expectation, and the value does not rise",
    "Gibbs": "KL >= 0, for any two distributions over z",
    "E-step": "q(z|x) = p(z|x), under the old parameters: a premise of theorems about EM",
    "M-step": "E_q[ln p'(x, z)] >= E_q[ln p(x, z)]: a premise of theorems about EM",
    "ELBO is a lower bound": "ln p(x) >= ELBO(q, p(x, z)), a theorem that may be cited once it is proved",
    "ELBO gap is KL": "ln p(x) = ELBO(q, p(x, z)) + KL(q, p(z|x)), a theorem that may be cited once it is proved",
})
"""Name of each reason: what it licenses."""

_SPELLINGS = {name.lower(): name for name in REASONS}


def as_reason(because: object) -> str:
    """The reason's name; capitals, spaces and the kind of apostrophe do not matter.

    Raises
    ------
    TypeError
        If ``because`` is not a string.
    ValueError
        If there is no such reason; the message lists those there are.
    """
    if type(because) is not str:
        raise TypeError(f"because must be the name of a reason, a string, got {because!r:.60} of type {type(because).__name__}")
    spelling = " ".join(because.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
    if spelling in _SPELLINGS:
        return _SPELLINGS[spelling]
    near = difflib.get_close_matches(spelling, _SPELLINGS, n=1)
    guess = f"; did you mean {_SPELLINGS[near[0]]!r}?" if near else "."
    raise ValueError(f"there is no reason {because[:60]!r}{guess} Allowed are: {', '.join(map(repr, REASONS))}")
