"""The chain begins at the ELBO with the joint in it: the two terms of the bound do not appear.

That is half of the way, and homework 1's theorem. Begin with reconstruction less KL to the prior.
"""


def gap():
    return (
        Derivation(E(q_z, log(p_xz / q_z)))
        .equals(E(q_z, log(p_x * p_z_given_x / q_z)), because="product rule")
        .equals(E(q_z, log(p_x) - log(q_z / p_z_given_x)), because="log of a product")
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="an independent term leaves the expectation")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
