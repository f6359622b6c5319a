"""Written out as sums over z."""


def elbo_gap():
    return (
        Derivation(ELBO(q_z, p_xz))
        .equals(E(q_z, log(p_xz / q_z)), because="definition of the ELBO")
        .equals(sum_z(q_z * log(p_xz / q_z)), because="definition of expectation")
        .equals(sum_z(q_z * log(p_x * p_z_given_x / q_z)), because="product rule")
        .equals(sum_z(q_z * (log(p_x) + log(p_z_given_x / q_z))), because="log of a product")
        .equals(sum_z(q_z * log(p_x)) + sum_z(q_z * log(p_z_given_x / q_z)), because="linearity")
        .equals(log(p_x) + sum_z(q_z * log(p_z_given_x / q_z)), because="normalization")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
