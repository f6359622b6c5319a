"""Subtracting a KL is said to raise the value.

KL is at least 0: less something that is at least 0 is at most what it was.
"""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(log(p_x) - KL(p_z_given_x, p_z_given_x), because="ELBO gap is KL")
        .equals(log(p_x), because="definition of KL")
        .at_most(log(p_x) - KL(q_z, p_z_given_x), because="Gibbs")
        .equals(ELBO(q_z, p_xz), because="ELBO gap is KL")
        .tight_when(q_z, p_z_given_x)
    )
