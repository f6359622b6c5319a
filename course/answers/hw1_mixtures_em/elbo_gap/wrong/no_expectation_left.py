"""The expectation is dropped on the way.

Each term that depends on z stays under the expectation.
"""


def elbo_gap():
    return (
        Derivation(ELBO(q_z, p_xz))
        .equals(E(q_z, log(p_xz / q_z)), because="definition of the ELBO")
        .equals(E(q_z, log(p_x * p_z_given_x / q_z)), because="product rule")
        .equals(E(q_z, log(p_x) - log(q_z / p_z_given_x)), because="log of a product")
        .equals(log(p_x) - log(q_z / p_z_given_x), because="an independent term leaves the expectation")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
