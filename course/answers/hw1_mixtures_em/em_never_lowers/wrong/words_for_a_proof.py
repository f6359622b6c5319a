"""A text is returned instead of a derivation.

Build the chain with Derivation(...).equals(..., because=...).
"""


def em_never_lowers():
    return "The E-step makes the bound touch, the M-step lifts it, so ln p(x) rises."
