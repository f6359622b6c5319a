"""Jensen's step is written as an equality.

The logarithm of a mean and the mean of the logarithms differ, unless all values are the same.
"""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
        .equals(E(p_z, log(p_x_given_z)), because="Jensen")
    )
