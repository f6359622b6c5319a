"""From the guess to the truth: at most."""


def decoder_proof():
    return (
        Derivation(E(p_z_given_x, log(q_z)) - E(p_z_given_x, log(p_z)))
        .equals(E(p_z_given_x, log(q_z) - log(p_z)), because="linearity")
        .equals(E(p_z_given_x, log(q_z / p_z)), because="log of a product")
        .at_most(E(p_z_given_x, log(q_z / p_z)) + KL(p_z_given_x, q_z), because="Gibbs")
        .equals(E(p_z_given_x, log(q_z / p_z)) + E(p_z_given_x, log(p_z_given_x / q_z)), because="definition of KL")
        .equals(E(p_z_given_x, log(q_z / p_z) + log(p_z_given_x / q_z)), because="linearity")
        .equals(E(p_z_given_x, log((q_z / p_z) * (p_z_given_x / q_z))), because="log of a product")
        .equals(E(p_z_given_x, log(p_z_given_x / p_z)), because="multiply by one")
        .equals(E(p_z_given_x, log(p_x_given_z / p_x)), because="product rule")
        .equals(E(p_z_given_x, log(p_x_given_z) - log(p_x)), because="log of a product")
        .equals(E(p_z_given_x, log(p_x_given_z)) - log(p_x), because="linearity")
        .tight_when(q_z, p_z_given_x)
    )
