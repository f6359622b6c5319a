"""A text is returned instead of a derivation.

Build the chain with Derivation(...).equals(..., because=...).
"""


def gap():
    return "The gap is the KL from q to the posterior."
