"""q is replaced by the posterior, where the gap is 0.

The statement is for every q.
"""


def gap():
    return (
        Derivation(E(q_z, log(p_x_given_z)) - KL(q_z, p_z))
        .equals(log(p_x), because="E-step")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
