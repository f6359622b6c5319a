"""ln p(x) is said to be at most the ELBO.

The ELBO is a lower bound. It is equal after the E-step: say so with its reason.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .at_most(ELBO(q_z, p_xz), because="ELBO is a lower bound")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
