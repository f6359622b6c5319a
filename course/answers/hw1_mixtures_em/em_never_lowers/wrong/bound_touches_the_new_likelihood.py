"""The bound is said to touch the new likelihood.

After the M-step q is the posterior of the old parameters. For the new ones there is a gap again.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .equals(log(new(p_x)), because="E-step")
    )
