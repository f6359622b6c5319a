"""Jensen's inequality is named for the whole theorem.

Jensen moves a logarithm into an expectation. Here no logarithm stands before one.
"""


def decoder_proof():
    return (
        Derivation(E(p_z_given_x, log(p_x_given_z)) - log(p_x))
        .at_least(E(p_z_given_x, log(q_z)) - E(p_z_given_x, log(p_z)), because="Jensen")
        .tight_when(q_z, p_z_given_x)
    )
