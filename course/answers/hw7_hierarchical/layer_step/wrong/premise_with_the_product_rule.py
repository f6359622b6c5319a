"""The premise takes the product rule along.

The premise exchanges the truth for the promise. That the promise is prior times likelihood is another reason: a line of its own.
"""


def layer_step():
    return (
        Derivation(log(new(p_x)))
        .equals(log(sum_z(new(p_xz))), because="marginalization")
        .equals(log(sum_z(q_z * (new(p_xz) / q_z))), because="multiply by one")
        .equals(log(E(q_z, new(p_xz) / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(new(p_xz) / q_z)), because="Jensen")
        .equals(E(q_z, log(new(p_xz)) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(new(p_xz))) - E(q_z, log(q_z)), because="linearity")
        .at_least(E(q_z, log(p_z * p_x_given_z)) - E(q_z, log(q_z)), because="M-step")
        .equals(E(q_z, log(p_z) + log(p_x_given_z)) - E(q_z, log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_z)) + E(q_z, log(p_x_given_z)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z) - log(p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="log of a product")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
