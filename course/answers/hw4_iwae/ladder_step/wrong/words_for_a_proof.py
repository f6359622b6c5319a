"""A text is returned instead of a derivation.

Build the chain with Derivation(...).equals(..., because=...).
"""


def ladder_step():
    return "ln p(x) = ln E[p(x|z)] >= E[ln p(x|z)], by Jensen."
