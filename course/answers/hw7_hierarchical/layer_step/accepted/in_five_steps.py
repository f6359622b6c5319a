"""As short as can be: each line one idea, what is only notation left out."""


def layer_step():
    return (
        Derivation(log(new(p_x)))
        .equals(log(sum_z(q_z * (new(p_xz) / q_z))), because="marginalization")
        .at_least(E(q_z, log(new(p_xz) / q_z)), because="Jensen")
        .at_least(E(q_z, log(p_xz / q_z)), because="M-step")
        .equals(E(q_z, log(p_z * p_x_given_z / q_z)), because="product rule")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
