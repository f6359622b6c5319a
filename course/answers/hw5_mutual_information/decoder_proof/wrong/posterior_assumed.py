"""The decoder is put in for the posterior, as if they were the same.

That is what one cannot know: q is any decoder. Multiply by q / q, and keep what is left over.
"""


def decoder_proof():
    return (
        Derivation(E(p_z_given_x, log(p_x_given_z)) - log(p_x))
        .equals(E(p_z_given_x, log(p_x_given_z) - log(p_x)), because="linearity")
        .equals(E(p_z_given_x, log(p_x_given_z / p_x)), because="log of a product")
        .equals(E(p_z_given_x, log(p_z_given_x / p_z)), because="product rule")
        .equals(E(p_z_given_x, log(q_z / p_z)), because="E-step")
        .equals(E(p_z_given_x, log(q_z) - log(p_z)), because="log of a product")
        .equals(E(p_z_given_x, log(q_z)) - E(p_z_given_x, log(p_z)), because="linearity")
        .tight_when(q_z, p_z_given_x)
    )
