"""The chain ends at ln p(x), with an inequality.

That is the item before. Here the question is how much is lacking.
"""


def gap():
    return (
        Derivation(E(q_z, log(p_x_given_z)) - KL(q_z, p_z))
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="definition of KL")
        .equals(E(q_z, log(p_x_given_z) - log(q_z / p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z * p_z / q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz / q_z)), because="product rule")
        .at_most(log(E(q_z, p_xz / q_z)), because="Jensen")
        .equals(log(sum_z(p_xz)), because="definition of expectation")
        .equals(log(p_x), because="marginalization")
    )
