"""By the expected log-joint and the entropy."""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .equals(E(q_z, log(p_xz / q_z)), because="definition of the ELBO")
        .equals(E(q_z, log(p_xz) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="linearity")
        .at_most(E(q_z, log(new(p_xz))) - E(q_z, log(q_z)), because="M-step")
        .equals(E(q_z, log(new(p_xz)) - log(q_z)), because="linearity")
        .equals(E(q_z, log(new(p_xz) / q_z)), because="log of a product")
        .equals(ELBO(q_z, new(p_xz)), because="definition of the ELBO")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
