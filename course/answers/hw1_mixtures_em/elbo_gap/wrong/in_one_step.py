"""The whole proof is one step.

The reason must license what changed, and from the first line to the last much has: write the steps between.
"""


def elbo_gap():
    return Derivation(ELBO(q_z, p_xz)).equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
