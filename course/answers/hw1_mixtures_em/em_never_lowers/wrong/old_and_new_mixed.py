"""The new gap is taken with the old posterior.

ln p'(x) is the new ELBO plus the KL to the new posterior, new(p_z_given_x).
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(ELBO(q_z, new(p_xz)) + KL(q_z, p_z_given_x), because="Gibbs")
        .equals(log(new(p_x)), because="ELBO gap is KL")
    )
