"""By Gibbs straight from the pointwise information, without naming the KL."""


def decoder_proof():
    return (
        Derivation(E(p_z_given_x, log(p_x_given_z)) - log(p_x))
        .equals(E(p_z_given_x, log(p_x_given_z) - log(p_x)), because="linearity")
        .equals(E(p_z_given_x, log(p_x_given_z / p_x)), because="log of a product")
        .equals(E(p_z_given_x, log(p_z_given_x / p_z)), because="product rule")
        .at_least(E(p_z_given_x, log(q_z)) - E(p_z_given_x, log(p_z)), because="Gibbs")
        .tight_when(q_z, p_z_given_x)
    )
