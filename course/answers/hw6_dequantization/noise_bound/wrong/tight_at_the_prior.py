"""The bound is said to be tight where the noise is the prior.

Uniform noise, say, is not the best: the posterior is.
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
        .equals(E(q_z, log(p_xz) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_xz)) + H(q_z), because="definition of entropy")
        .tight_when(q_z, p_z)
    )
