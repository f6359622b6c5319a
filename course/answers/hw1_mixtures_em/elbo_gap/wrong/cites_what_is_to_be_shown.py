"""The theorem is cited as its own proof.

'ELBO gap is KL' is what you are to show. In the next item you may cite it.
"""


def elbo_gap():
    return Derivation(ELBO(q_z, p_xz)).equals(log(p_x) - KL(q_z, p_z_given_x), because="ELBO gap is KL")
