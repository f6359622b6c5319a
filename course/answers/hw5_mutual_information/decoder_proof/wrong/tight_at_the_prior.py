"""The bound is said to be tight where the decoder is the prior.

There the right side is 0: such a decoder has not looked at y. It is tight at q(x|y) = p(x|y).
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
        .equals(E(p_z_given_x, log(q_z) - log(p_z)), because="log of a product")
        .equals(E(p_z_given_x, log(q_z)) - E(p_z_given_x, log(p_z)), because="linearity")
        .tight_when(q_z, p_z)
    )
