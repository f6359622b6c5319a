"""The chain ends before the inequality.

One step is missing: the logarithm moves into the expectation.
"""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
    )
