"""Jensen is used upwards.

Moving the logarithm into an expectation lowers the value: ln E[f] >= E[ln f].
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_most(E(q_z, log(p_xz / q_z)), because="Jensen")
        .equals(ELBO(q_z, p_xz), because="definition of the ELBO")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
