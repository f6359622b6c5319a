"""q is said to be the posterior.

That makes the statement empty: it is about every q.
"""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(ELBO(q_z, p_xz), because="E-step")
        .tight_when(q_z, p_z_given_x)
    )
