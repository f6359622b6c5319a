"""q is replaced by the posterior.

The statement is for every q, good or bad.
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .equals(ELBO(p_z_given_x, p_xz), because="definition of the ELBO")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of the ELBO")
    )
