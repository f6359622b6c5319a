"""'ELBO is a lower bound' is cited, which is not among what you may cite here.

Use 'ELBO gap is KL' and 'Gibbs': they say more.
"""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(log(p_x) - KL(p_z_given_x, p_z_given_x), because="ELBO gap is KL")
        .equals(log(p_x), because="definition of KL")
        .at_least(ELBO(q_z, p_xz), because="ELBO is a lower bound")
        .tight_when(q_z, p_z_given_x)
    )
