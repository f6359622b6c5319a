"""The theorem is claimed in one step.

A step may not jump from one side to the other: show what lies between.
"""


def decoder_proof():
    return (
        Derivation(E(p_z_given_x, log(p_x_given_z)) - log(p_x))
        .at_least(E(p_z_given_x, log(q_z)) - E(p_z_given_x, log(p_z)), because="Gibbs")
        .tight_when(q_z, p_z_given_x)
    )
