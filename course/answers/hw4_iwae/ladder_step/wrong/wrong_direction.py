"""Jensen's step goes the wrong way.

The logarithm is concave: ln of a mean is at least the mean of the ln.
"""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
        .at_most(E(p_z, log(p_x_given_z)), because="Jensen")
    )
