"""The chain shows that the likelihood falls.

Read your relations again: the chain should climb.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_least(log(new(p_x)), because="ELBO is a lower bound")
    )
