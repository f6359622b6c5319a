"""From the bound up to ln p(x)."""


def noise_bound():
    return (
        Derivation(E(q_z, log(p_xz)) + H(q_z))
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="definition of entropy")
        .equals(E(q_z, log(p_xz) - log(q_z)), because="linearity")
        .equals(E(q_z, log(p_xz / q_z)), because="log of a product")
        .at_most(log(E(q_z, p_xz / q_z)), because="Jensen")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="definition of expectation")
        .equals(log(sum_z(p_xz)), because="multiply by one")
        .equals(log(p_x), because="marginalization")
        .tight_when(q_z, p_z_given_x)
    )
