"""The expectation of a product is split into a product of expectations.

E[w w] is not E[w] E[w], unless w does not vary: that difference is the whole point.
"""


def chi_bound():
    w = p_xz / q_z
    return (
        Derivation(log(E(q_z, w * w)) / 2)
        .equals(log(E(q_z, w) * E(q_z, w)) / 2, because="linearity")
        .equals(log(E(q_z, w)), because="log of a product")
        .equals(log(sum_z(p_xz)), because="definition of expectation")
        .equals(log(p_x), because="marginalization")
    )
