"""The posterior brought in by Bayes' rule."""


def gap():
    return (
        Derivation(log(p_x) - KL(q_z, p_z_given_x))
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="definition of KL")
        .equals(log(p_x) - E(q_z, log(q_z / (p_x_given_z * p_z / p_x))), because="Bayes' rule")
        .equals(log(p_x) - E(q_z, log(q_z / p_z) - log(p_x_given_z) + log(p_x)), because="log of a product")
        .equals(log(p_x) - E(q_z, log(q_z / p_z) - log(p_x_given_z)) - log(p_x), because="an independent term leaves the expectation")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
