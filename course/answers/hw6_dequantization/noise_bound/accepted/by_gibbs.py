"""A KL that is at least 0, in the place of Jensen's inequality."""


def noise_bound():
    return (
        Derivation(log(p_x))
        .at_least(log(p_x) - KL(q_z, p_z_given_x), because="Gibbs")
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="definition of KL")
        .equals(E(q_z, log(p_x) - log(q_z / p_z_given_x)), because="an independent term leaves the expectation")
        .equals(E(q_z, log(p_x * p_z_given_x / q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz / q_z)), because="product rule")
        .equals(E(q_z, log(p_xz) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_xz)) + H(q_z), because="definition of entropy")
        .tight_when(q_z, p_z_given_x)
    )
