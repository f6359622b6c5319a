"""The chain stops at the ELBO, before it is split into reconstruction and KL.

Go on: p(x, z) = p(x|z) p(z).
"""


def lower_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
    )
