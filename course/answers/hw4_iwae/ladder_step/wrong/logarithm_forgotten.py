"""The chain is about p(x), not about ln p(x).

Begin at log(p_x): the inequality comes from the logarithm.
"""


def ladder_step():
    return (
        Derivation(p_x)
        .equals(sum_z(p_z * p_x_given_z), because="marginalization")
        .equals(E(p_z, p_x_given_z), because="definition of expectation")
        .at_least(E(p_z, log(p_x_given_z)), because="Jensen")
    )
