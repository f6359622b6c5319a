"""The theorem is cited as its own proof.

'ELBO gap is KL' is what you are to show. In the next item you may cite it.
"""


def gap():
    return (
        Derivation(E(q_z, log(p_x_given_z)) - KL(q_z, p_z))
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="ELBO gap is KL")
    )
