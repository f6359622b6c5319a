"""The whole proof is one step.

Jensen alone does not take ln p(x) to the bound: q must come in first, and the joint must be split.
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .at_least(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="Jensen")
    )
