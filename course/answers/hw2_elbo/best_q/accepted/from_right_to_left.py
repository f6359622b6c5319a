"""From ELBO(q) up to the posterior's."""


def best_q():
    return (
        Derivation(ELBO(q_z, p_xz))
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .at_most(log(p_x), because="Gibbs")
        .equals(log(p_x) - KL(p_z_given_x, p_z_given_x), because="definition of KL")
        .equals(ELBO(p_z_given_x, p_xz), because="ELBO gap is KL")
        .tight_when(q_z, p_z_given_x)
    )
