"""The chain ends without the entropy of the noise.

E_q[ln(p / q)] has two parts: the mean log-joint, and the entropy of q.
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
        .at_least(E(q_z, log(p_xz)), because="algebra")
        .tight_when(q_z, p_z_given_x)
    )
