"""Jensen instead of the cited bound."""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .equals(E(q_z, log(new(p_xz) / q_z)), because="definition of the ELBO")
        .at_most(log(E(q_z, new(p_xz) / q_z)), because="Jensen")
        .equals(log(sum_z(q_z * (new(p_xz) / q_z))), because="definition of expectation")
        .equals(log(sum_z(new(p_xz))), because="multiply by one")
        .equals(log(new(p_x)), because="marginalization")
    )
