"""The arguments of the gap are exchanged.

The expectation of the ELBO is under q, so q comes first: KL(q, p(z|x)).
"""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(log(p_x) - KL(p_z_given_x, p_z_given_x), because="ELBO gap is KL")
        .equals(log(p_x), because="definition of KL")
        .at_least(log(p_x) - KL(p_z_given_x, q_z), because="Gibbs")
        .equals(ELBO(q_z, p_xz), because="ELBO gap is KL")
        .tight_when(q_z, p_z_given_x)
    )
