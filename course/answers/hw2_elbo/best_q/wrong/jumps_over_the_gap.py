"""From the one ELBO to the other by 'ELBO gap is KL' alone.

That is a statement about one q at a time. Write out each of the two gaps, then compare.
"""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .at_least(ELBO(q_z, p_xz), because="ELBO gap is KL")
        .tight_when(q_z, p_z_given_x)
    )
