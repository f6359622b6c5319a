"""By way of the joint."""


def ladder_step():
    return (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(p_z * p_x_given_z)), because="product rule")
        .equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
        .at_least(E(p_z, log(p_x_given_z)), because="Jensen")
    )
