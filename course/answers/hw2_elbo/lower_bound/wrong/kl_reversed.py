"""The arguments of the KL are exchanged.

The expectation is under q, so q comes first: KL(q, p) = E_q[ln(q / p)].
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
        .equals(E(q_z, log(p_x_given_z * p_z / q_z)), because="product rule")
        .equals(E(q_z, log(p_x_given_z) - log(q_z / p_z)), because="log of a product")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - KL(p_z, q_z), because="definition of KL")
    )
