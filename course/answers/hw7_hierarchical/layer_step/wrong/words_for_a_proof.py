"""A text comes back, not a derivation.

The computer reads a chain: Derivation(...), then its steps.
"""


def layer_step():
    return "by Jensen, and since the layers below keep their promise"
