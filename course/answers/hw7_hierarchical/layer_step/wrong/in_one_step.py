"""The whole proof is one step.

The reason must license what changed, and from the first line to the last much has: write the steps between.
"""


def layer_step():
    return (
        Derivation(log(new(p_x)))
        .at_least(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="Jensen")
    )
