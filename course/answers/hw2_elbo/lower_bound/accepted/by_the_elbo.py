"""By way of the named ELBO, with the joint split inside the sum."""


def lower_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(sum_z(q_z * (p_z * p_x_given_z / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_z * p_x_given_z / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_z * p_x_given_z / q_z)), because="Jensen")
        .equals(E(q_z, log(p_z / q_z) + log(p_x_given_z)), because="log of a product")
        .equals(E(q_z, log(p_z / q_z)) + E(q_z, log(p_x_given_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="log of a product")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
