"""The ELBO is written without q below the line.

ELBO(q) = E_q[ln p(x, z)] + H(q). Where is the entropy?
"""


def elbo_gap():
    return (
        Derivation(ELBO(q_z, p_xz))
        .equals(E(q_z, log(p_xz)), because="definition of the ELBO")
        .equals(E(q_z, log(p_x * p_z_given_x)), because="product rule")
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="an independent term leaves the expectation")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
