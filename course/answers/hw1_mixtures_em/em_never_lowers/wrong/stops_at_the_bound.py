"""The chain ends at the new bound.

What is to be shown is about ln p'(x): one step more.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
    )
