"""The expectation is taken under q.

Here the subset is drawn from p_z, the distribution in the sum; there is no q in this proof.
"""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(E(q_z, p_x_given_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_x_given_z)), because="Jensen")
        .equals(E(p_z, log(p_x_given_z)), because="algebra")
    )
