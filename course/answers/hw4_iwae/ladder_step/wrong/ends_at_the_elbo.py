"""The chain proves that the ELBO is a lower bound.

That is the example above. Here the end is E(p_z, log(p_x_given_z)), with no q in it.
"""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
    )
