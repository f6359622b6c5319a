"""The KL is dropped by Gibbs: the inequality points down.

KL >= 0 says that ln p(x) is at least the ELBO. To go up from there you need them equal. What makes the gap 0?
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .at_most(ELBO(q_z, p_xz), because="Gibbs")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
