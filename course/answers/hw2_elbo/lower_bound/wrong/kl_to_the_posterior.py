"""The KL is to the posterior, not to the prior.

After Jensen the joint is split into likelihood and prior. The posterior belongs to the gap.
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
        .equals(E(q_z, log(p_x_given_z * p_z / q_z)), because="product rule")
        .equals(E(q_z, log(p_x_given_z) - log(q_z / p_z_given_x)), because="log of a product")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z_given_x)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z_given_x), because="definition of KL")
    )
