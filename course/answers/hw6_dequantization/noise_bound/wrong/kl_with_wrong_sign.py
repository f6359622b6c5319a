"""Gibbs' inequality is used with the wrong sign: ln p(x) plus a KL is no lower bound.

A KL is at least 0: taking it off lowers the value.
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .at_least(log(p_x) + KL(q_z, p_z_given_x), because="Gibbs")
        .equals(E(q_z, log(p_xz)) + H(q_z), because="definition of KL")
        .tight_when(q_z, p_z_given_x)
    )
