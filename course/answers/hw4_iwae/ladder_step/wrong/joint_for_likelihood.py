"""The joint stands inside the expectation under p(z): the prior counts twice.

sum_z p(z) p(x|z) is the expectation of p(x|z), not of p(x, z).
"""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(E(p_z, p_xz)), because="definition of expectation")
        .at_least(E(p_z, log(p_xz)), because="Jensen")
        .equals(E(p_z, log(p_x_given_z)), because="product rule")
    )
