"""The whole proof is one step.

'Gibbs' is about a KL, and there is none in sight: name the gaps first.
"""


def best_q():
    return (
        Derivation(ELBO(p_z_given_x, p_xz))
        .at_least(ELBO(q_z, p_xz), because="Gibbs")
        .tight_when(q_z, p_z_given_x)
    )
