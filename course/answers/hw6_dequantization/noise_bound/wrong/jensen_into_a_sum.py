"""The logarithm is moved into the sum over z, which is no expectation.

Bring q in first: sum_z p = sum_z q (p / q).
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .at_least(sum_z(log(p_xz)), because="Jensen")
        .equals(E(q_z, log(p_xz)) + H(q_z), because="definition of expectation")
        .tight_when(q_z, p_z_given_x)
    )
