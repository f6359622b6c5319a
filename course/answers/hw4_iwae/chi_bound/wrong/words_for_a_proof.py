"""A text is returned instead of a derivation.

Build the chain with Derivation(...).equals(..., because=...).
"""


def chi_bound():
    return "By Jensen, E[w^2] >= E[w]^2 = p(x)^2; take half the logarithm."
