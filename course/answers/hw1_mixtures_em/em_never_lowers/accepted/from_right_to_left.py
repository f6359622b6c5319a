"""From the new likelihood down to the old."""


def em_never_lowers():
    return (
        Derivation(log(new(p_x)))
        .at_least(ELBO(q_z, new(p_xz)), because="ELBO is a lower bound")
        .at_least(ELBO(q_z, p_xz), because="M-step")
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="E-step")
        .equals(log(p_x), because="ELBO gap is KL")
    )
