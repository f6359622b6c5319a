"""From ln p(x) up to the bound."""


def chi_bound():
    w = p_xz / q_z
    return (
        Derivation(log(p_x))
        .at_most(log(p_x) + KL(p_z_given_x, q_z) / 2, because="Gibbs")
        .equals((2 * log(p_x) + E(p_z_given_x, log(p_z_given_x / q_z))) / 2, because="definition of KL")
        .equals(
            (log(p_x) + E(p_z_given_x, log(p_x) + log(p_z_given_x / q_z))) / 2,
            because="an independent term leaves the expectation",
        )
        .equals((log(p_x) + E(p_z_given_x, log(p_x * p_z_given_x / q_z))) / 2, because="log of a product")
        .equals((log(p_x) + E(p_z_given_x, log(w))) / 2, because="product rule")
        .at_most((log(p_x) + log(E(p_z_given_x, w))) / 2, because="Jensen")
        .equals((log(p_x) + log(sum_z(p_z_given_x * w))) / 2, because="definition of expectation")
        .equals(log(p_x * sum_z(p_z_given_x * w)) / 2, because="log of a product")
        .equals(log(sum_z(p_x * p_z_given_x * w)) / 2, because="linearity")
        .equals(log(sum_z(p_xz * w)) / 2, because="product rule")
        .equals(log(sum_z(q_z * w * w)) / 2, because="algebra")
        .equals(log(E(q_z, w * w)) / 2, because="definition of expectation")
    )
