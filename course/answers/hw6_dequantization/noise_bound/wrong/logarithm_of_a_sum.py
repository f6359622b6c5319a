"""The logarithm of a sum is split into a sum of logarithms.

ln(a b) = ln a + ln b, of products only.
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(sum_z(log(p_xz)), because="log of a product")
        .at_least(E(q_z, log(p_xz)) + H(q_z), because="Jensen")
        .tight_when(q_z, p_z_given_x)
    )
