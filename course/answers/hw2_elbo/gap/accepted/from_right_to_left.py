"""From ln p(x) less the gap to the bound."""


def gap():
    return (
        Derivation(log(p_x) - KL(q_z, p_z_given_x))
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="definition of KL")
        .equals(E(q_z, log(p_x) - log(q_z / p_z_given_x)), because="an independent term leaves the expectation")
        .equals(E(q_z, log(p_x * p_z_given_x / q_z)), because="log of a product")
        .equals(E(q_z, log(p_x_given_z * p_z / q_z)), because="product rule")
        .equals(E(q_z, log(p_x_given_z) - log(q_z / p_z)), because="log of a product")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
