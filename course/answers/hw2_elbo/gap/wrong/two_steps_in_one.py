"""Two steps are made in one line: the product rule and the logarithm.

One reason for each line: first exchange the product, then take the logarithm apart.
"""


def gap():
    return (
        Derivation(E(q_z, log(p_x_given_z)) - KL(q_z, p_z))
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="definition of KL")
        .equals(E(q_z, log(p_x_given_z) - log(q_z / p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z * p_z / q_z)), because="log of a product")
        .equals(E(q_z, log(p_x) - log(q_z / p_z_given_x)), because="log of a product")
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="an independent term leaves the expectation")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
