"""Product rule and KL in one line.

One reason a line: first turn p(y|x) / p(y) into p(x|y) / p(x).
"""


def decoder_proof():
    return (
        Derivation(E(p_z_given_x, log(p_x_given_z)) - log(p_x))
        .equals(E(p_z_given_x, log(p_x_given_z) - log(p_x)), because="linearity")
        .equals(KL(p_z_given_x, p_z), because="definition of KL")
        .at_least(E(p_z_given_x, log(q_z / p_z)), because="Gibbs")
        .equals(E(p_z_given_x, log(q_z) - log(p_z)), because="log of a product")
        .equals(E(p_z_given_x, log(q_z)) - E(p_z_given_x, log(p_z)), because="linearity")
        .tight_when(q_z, p_z_given_x)
    )
