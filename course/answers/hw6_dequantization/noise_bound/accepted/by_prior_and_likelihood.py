"""The joint as prior times likelihood at first, the tightness the other way round."""


def noise_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(sum_z(p_xz)), because="product rule")
        .equals(log(sum_z(q_z * p_xz / q_z)), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
        .equals(E(q_z, log(p_xz) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="linearity")
        .equals(H(q_z) + E(q_z, log(p_xz)), because="definition of entropy")
        .tight_when(p_z_given_x, q_z)
    )
