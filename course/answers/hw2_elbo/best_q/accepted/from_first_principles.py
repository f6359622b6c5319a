"""The posterior's ELBO from its definition."""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(E(p_z_given_x, log(p_xz / p_z_given_x)), because="definition of the ELBO")
        .equals(E(p_z_given_x, log(p_x)), because="product rule")
        .equals(log(p_x), because="an independent term leaves the expectation")
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .at_least(ELBO(q_z, p_xz), because="Gibbs")
        .tight_when(q_z, p_z_given_x)
    )
