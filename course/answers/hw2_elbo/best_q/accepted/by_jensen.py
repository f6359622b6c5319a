"""Jensen once more, with no citation."""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(E(p_z_given_x, log(p_xz / p_z_given_x)), because="definition of the ELBO")
        .equals(E(p_z_given_x, log(p_x)), because="product rule")
        .equals(log(p_x), because="an independent term leaves the expectation")
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
        .equals(ELBO(q_z, p_xz), because="definition of the ELBO")
        .tight_when(q_z, p_z_given_x)
    )
