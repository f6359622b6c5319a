"""Jensen is used on a sum over z that is not yet an expectation.

Jensen is about expectations: first write the sum as E(p_z, ...).
"""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .at_least(sum_z(log(p_z * p_x_given_z)), because="Jensen")
        .equals(E(p_z, log(p_x_given_z)), because="definition of expectation")
    )
