"""It cites the theorem on the gap, and drops the KL.

That ln p(x) is the ELBO and a KL is as much to be proved as the bound is: start from the KL's definition.
"""


def noise_bound():
    return (
        Derivation(log(p_x))
        .equals(E(q_z, log(p_xz / q_z)) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .at_least(E(q_z, log(p_xz / q_z)), because="Gibbs")
        .equals(E(q_z, log(p_xz) - log(q_z)), because="log of a product")
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="linearity")
        .equals(E(q_z, log(p_xz)) + H(q_z), because="definition of entropy")
        .tight_when(q_z, p_z_given_x)
    )
