"""The theorem is cited as its own proof.

'ELBO is a lower bound' is what you are to show.
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .at_least(ELBO(q_z, p_xz), because="ELBO is a lower bound")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of the ELBO")
    )
