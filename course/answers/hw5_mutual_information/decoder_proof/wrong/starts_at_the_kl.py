"""The chain starts at KL(p(x|y) || p(x)), not at the channel.

That it is E[ln p(y|x)] - ln p(y) has to be shown: product rule.
"""


def decoder_proof():
    return (
        Derivation(KL(p_z_given_x, p_z))
        .equals(E(p_z_given_x, log(p_z_given_x / p_z)), because="definition of KL")
        .equals(E(p_z_given_x, log((p_z_given_x / q_z) * (q_z / p_z))), because="multiply by one")
        .equals(E(p_z_given_x, log(p_z_given_x / q_z) + log(q_z / p_z)), because="log of a product")
        .equals(E(p_z_given_x, log(p_z_given_x / q_z)) + E(p_z_given_x, log(q_z / p_z)), because="linearity")
        .equals(KL(p_z_given_x, q_z) + E(p_z_given_x, log(q_z / p_z)), because="definition of KL")
        .at_least(E(p_z_given_x, log(q_z / p_z)), because="Gibbs")
        .equals(E(p_z_given_x, log(q_z) - log(p_z)), because="log of a product")
        .equals(E(p_z_given_x, log(q_z)) - E(p_z_given_x, log(p_z)), because="linearity")
        .tight_when(q_z, p_z_given_x)
    )
