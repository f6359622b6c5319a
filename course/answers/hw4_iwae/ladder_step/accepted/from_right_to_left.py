"""From the expectation up to ln p(x)."""


def ladder_step():
    return (
        Derivation(E(p_z, log(p_x_given_z)))
        .at_most(log(E(p_z, p_x_given_z)), because="Jensen")
        .equals(log(sum_z(p_z * p_x_given_z)), because="definition of expectation")
        .equals(log(p_x), because="marginalization")
    )
