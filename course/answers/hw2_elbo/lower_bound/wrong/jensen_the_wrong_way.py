"""Jensen's inequality is turned round.

The logarithm is concave: ln of an average is at LEAST the average of ln.
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_most(E(q_z, log(p_xz / q_z)), because="Jensen")
        .equals(E(q_z, log(p_x_given_z * p_z / q_z)), because="product rule")
        .equals(E(q_z, log(p_x_given_z) - log(q_z / p_z)), because="log of a product")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
