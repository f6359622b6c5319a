"""By the entropy of q."""


def elbo_gap():
    return (
        Derivation(ELBO(q_z, p_xz))
        .equals(E(q_z, log(p_xz / q_z)), because="definition of the ELBO")
        .equals(E(q_z, log(p_xz) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_xz)) + H(q_z), because="definition of entropy")
        .equals(E(q_z, log(p_x * p_z_given_x)) + H(q_z), because="product rule")
        .equals(E(q_z, log(p_x) + log(p_z_given_x)) + H(q_z), because="log of a product")
        .equals(log(p_x) + E(q_z, log(p_z_given_x)) + H(q_z), because="an independent term leaves the expectation")
        .equals(log(p_x) + E(q_z, log(p_z_given_x)) - E(q_z, log(q_z)), because="definition of entropy")
        .equals(log(p_x) - E(q_z, log(q_z) - log(p_z_given_x)), because="linearity")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
