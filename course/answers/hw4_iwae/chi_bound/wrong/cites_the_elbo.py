"""The lower bound is cited for an upper one.

ln p(x) >= ELBO says nothing about what lies above ln p(x).
"""


def chi_bound():
    w = p_xz / q_z
    return (
        Derivation(log(E(q_z, w * w)) / 2)
        .at_least(E(q_z, log(w)), because="ELBO is a lower bound")
        .equals(log(p_x), because="algebra")
    )
