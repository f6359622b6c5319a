"""A text is returned instead of a derivation.

Build the chain with Derivation(...).equals(..., because=...).
"""


def lower_bound():
    return "By Jensen, the logarithm of the expectation is at least the expectation of the logarithm."
