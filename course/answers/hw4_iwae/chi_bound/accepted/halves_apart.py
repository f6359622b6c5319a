"""The half written as a factor, ln p(x) apart from the start."""


def chi_bound():
    w = p_xz / q_z
    return (
        Derivation(log(E(q_z, w * w)) / 2)
        .equals(0.5 * log(sum_z(q_z * (w * w))), because="definition of expectation")
        .equals(0.5 * log(sum_z(w * p_xz)), because="algebra")
        .equals(0.5 * log(sum_z(w * (p_z_given_x * p_x))), because="product rule")
        .equals(0.5 * log(p_x * sum_z(w * p_z_given_x)), because="linearity")
        .equals(0.5 * log(p_x) + 0.5 * log(sum_z(w * p_z_given_x)), because="log of a product")
        .equals(0.5 * log(p_x) + 0.5 * log(E(p_z_given_x, w)), because="definition of expectation")
        .at_least(0.5 * log(p_x) + 0.5 * E(p_z_given_x, log(w)), because="Jensen")
        .equals(0.5 * log(p_x) + 0.5 * E(p_z_given_x, log(p_x * p_z_given_x / q_z)), because="product rule")
        .equals(
            0.5 * log(p_x) + 0.5 * E(p_z_given_x, log(p_x) + log(p_z_given_x / q_z)),
            because="log of a product",
        )
        .equals(
            0.5 * log(p_x) + 0.5 * (log(p_x) + E(p_z_given_x, log(p_z_given_x / q_z))),
            because="an independent term leaves the expectation",
        )
        .equals(0.5 * log(p_x) + 0.5 * (log(p_x) + KL(p_z_given_x, q_z)), because="definition of KL")
        .at_least(log(p_x), because="Gibbs")
    )
