"""The expectation is taken under the prior.

That is a bound too, with q = p(z), but the statement is for every q: multiply by q / q.
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
        .at_least(E(p_z, log(p_x_given_z)), because="Jensen")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
