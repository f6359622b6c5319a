"""It cites the theorem that is to be proved.

That the ELBO is a lower bound is what you show here.
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .at_least(E(q_z, log(p_xz / q_z)), because="ELBO is a lower bound")
        .equals(E(q_z, log(p_xz) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_xz)) + H(q_z), because="definition of entropy")
        .tight_when(q_z, p_z_given_x)
    )
