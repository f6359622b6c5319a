"""From the bound by Jensen to the end in one step, called M-step.

The premise exchanges new(p_xz) for p_xz only. What then remains is to take the joint apart and to name the KL.
"""


def layer_step():
    return (
        Derivation(log(new(p_x)))
        .equals(log(sum_z(new(p_xz))), because="marginalization")
        .equals(log(E(q_z, new(p_xz) / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(new(p_xz) / q_z)), because="Jensen")
        .at_least(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="M-step")
    )
