"""The chain begins at the bound.

What is to be shown is about ln p(x): how do you get from there to the ELBO?
"""


def em_never_lowers():
    return (
        Derivation(ELBO(q_z, p_xz))
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
