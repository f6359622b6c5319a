"""The chain never uses the premise, and proves a bound with the true likelihood.

p(x|z_l) cannot be computed: the layers below promise a bound on it, and that must stand in the last line.
"""


def layer_step():
    return (
        Derivation(log(new(p_x)))
        .equals(log(sum_z(new(p_xz))), because="marginalization")
        .equals(log(sum_z(q_z * (new(p_xz) / q_z))), because="multiply by one")
        .equals(log(E(q_z, new(p_xz) / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(new(p_xz) / q_z)), because="Jensen")
        .equals(E(q_z, log(new(p_xz))) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(new(p_z) * new(p_x_given_z))) - E(q_z, log(q_z)), because="product rule")
        .equals(E(q_z, log(new(p_x_given_z))) + E(q_z, log(new(p_z))) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(new(p_x_given_z))) - KL(q_z, new(p_z)), because="definition of KL")
    )
