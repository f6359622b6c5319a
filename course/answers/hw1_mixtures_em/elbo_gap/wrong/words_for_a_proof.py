"""A text is returned instead of a derivation.

Build the chain with Derivation(...).equals(..., because=...).
"""


def elbo_gap():
    return "ELBO(q_z, p_xz) = log(p_x) - KL(q_z, p_z_given_x), since the gap is the KL."
