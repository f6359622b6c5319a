"""The chain begins at ln p(x) and ends at the ELBO without its KL.

Begin and end where the theorem does: the KL must be there at the end.
"""


def elbo_gap():
    return (
        Derivation(log(p_x))
        .equals(E(q_z, log(p_x)), because="an independent term leaves the expectation")
        .equals(E(q_z, log(p_xz / p_z_given_x)), because="product rule")
    )
