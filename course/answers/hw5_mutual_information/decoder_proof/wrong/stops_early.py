"""The chain ends at E[ln q/p(x)], not at the theorem's right side.

Split the logarithm, then the expectation.
"""


def decoder_proof():
    return (
        Derivation(E(p_z_given_x, log(p_x_given_z)) - log(p_x))
        .equals(E(p_z_given_x, log(p_x_given_z) - log(p_x)), because="linearity")
        .equals(E(p_z_given_x, log(p_x_given_z / p_x)), because="log of a product")
        .equals(E(p_z_given_x, log(p_z_given_x / p_z)), because="product rule")
        .equals(E(p_z_given_x, log((p_z_given_x / q_z) * (q_z / p_z))), because="multiply by one")
        .equals(E(p_z_given_x, log(p_z_given_x / q_z) + log(q_z / p_z)), because="log of a product")
        .equals(E(p_z_given_x, log(p_z_given_x / q_z)) + E(p_z_given_x, log(q_z / p_z)), because="linearity")
        .equals(KL(p_z_given_x, q_z) + E(p_z_given_x, log(q_z / p_z)), because="definition of KL")
        .at_least(E(p_z_given_x, log(q_z / p_z)), because="Gibbs")
        .tight_when(q_z, p_z_given_x)
    )
