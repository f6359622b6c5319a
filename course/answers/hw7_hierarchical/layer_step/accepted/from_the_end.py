"""From the last expression up to the first."""


def layer_step():
    return (
        Derivation(E(q_z, log(p_x_given_z)) - KL(q_z, p_z))
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="definition of KL")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z) - log(p_z)), because="log of a product")
        .equals(E(q_z, log(p_z)) + E(q_z, log(p_x_given_z)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_z) + log(p_x_given_z)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_z * p_x_given_z)) - E(q_z, log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="product rule")
        .at_most(E(q_z, log(new(p_xz))) - E(q_z, log(q_z)), because="M-step")
        .equals(E(q_z, log(new(p_xz)) - log(q_z)), because="linearity")
        .equals(E(q_z, log(new(p_xz) / q_z)), because="log of a product")
        .at_most(log(E(q_z, new(p_xz) / q_z)), because="Jensen")
        .equals(log(sum_z(q_z * (new(p_xz) / q_z))), because="definition of expectation")
        .equals(log(sum_z(new(p_xz))), because="multiply by one")
        .equals(log(new(p_x)), because="marginalization")
    )
