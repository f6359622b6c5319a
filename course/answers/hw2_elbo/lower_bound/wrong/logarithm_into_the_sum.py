"""The logarithm of the sum over z is taken for the sum of the logarithms.

Jensen speaks of expectations: first make the sum an expectation under q.
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .at_least(sum_z(log(p_xz)), because="Jensen")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of expectation")
    )
