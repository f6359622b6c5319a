"""The logarithm is moved into the sum by linearity.

A logarithm is not linear: that step costs an inequality, and its name is Jensen.
"""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
        .equals(E(p_z, log(p_x_given_z)), because="linearity")
    )
