"""Two reasons are exchanged.

A KL of a distribution to itself is 0 by the definition of KL; that what was subtracted is at least 0 is Gibbs.
"""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(log(p_x) - KL(p_z_given_x, p_z_given_x), because="ELBO gap is KL")
        .equals(log(p_x), because="algebra")
        .at_least(log(p_x) - KL(q_z, p_z_given_x), because="Gibbs")
        .equals(ELBO(q_z, p_xz), because="ELBO gap is KL")
        .tight_when(q_z, p_z_given_x)
    )
