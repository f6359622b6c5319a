"""A text is returned instead of a derivation.

Build the chain with Derivation(...).equals(..., because=...).
"""


def best_q():
    return "KL is 0 only where both are equal, so the posterior is best."
