"""By Gibbs' inequality in place of Jensen's."""


def layer_step():
    return (
        Derivation(log(new(p_x)))
        .equals(E(q_z, log(new(p_x))), because="an independent term leaves the expectation")
        .equals(E(q_z, log(new(p_xz) / new(p_z_given_x))), because="product rule")
        .equals(E(q_z, log((new(p_xz) / q_z) * (q_z / new(p_z_given_x)))), because="multiply by one")
        .equals(E(q_z, log(new(p_xz) / q_z) + log(q_z / new(p_z_given_x))), because="log of a product")
        .equals(E(q_z, log(new(p_xz) / q_z)) + E(q_z, log(q_z / new(p_z_given_x))), because="linearity")
        .equals(E(q_z, log(new(p_xz) / q_z)) + KL(q_z, new(p_z_given_x)), because="definition of KL")
        .at_least(E(q_z, log(new(p_xz) / q_z)), because="Gibbs")
        .equals(E(q_z, log(new(p_xz)) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(new(p_xz))) - E(q_z, log(q_z)), because="linearity")
        .at_least(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="M-step")
        .equals(E(q_z, log(p_z * p_x_given_z)) - E(q_z, log(q_z)), because="product rule")
        .equals(E(q_z, log(p_z) + log(p_x_given_z)) - E(q_z, log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_z)) + E(q_z, log(p_x_given_z)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z) - log(p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="log of a product")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
