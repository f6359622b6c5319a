"""The chain ends at E_q[ln(p / q)].

Two logarithms, two expectations, and the definition of entropy are still to come.
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
        .tight_when(q_z, p_z_given_x)
    )
