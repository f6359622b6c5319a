"""The chain goes down to the ELBO, and then up.

From a >= b and b <= c nothing follows for a and c. Every inequality of a chain must point the same way.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .at_least(ELBO(q_z, p_xz), because="ELBO is a lower bound")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
