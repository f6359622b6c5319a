"""The ELBO is written with p(x|z) instead of p(x, z).

The bound has the joint in it, prior included.
"""


def elbo_gap():
    return (
        Derivation(ELBO(q_z, p_xz))
        .equals(E(q_z, log(p_x_given_z / q_z)), because="definition of the ELBO")
        .equals(E(q_z, log(p_x * p_z_given_x / q_z)), because="product rule")
        .equals(E(q_z, log(p_x) - log(q_z / p_z_given_x)), because="log of a product")
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="an independent term leaves the expectation")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
