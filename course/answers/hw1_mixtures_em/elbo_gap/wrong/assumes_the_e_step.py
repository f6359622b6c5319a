"""q is replaced by the posterior.

The statement is for every q. That q is the posterior is what the E-step makes true; it is no premise here.
"""


def elbo_gap():
    return (
        Derivation(ELBO(q_z, p_xz))
        .equals(ELBO(p_z_given_x, p_xz), because="E-step")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="ELBO gap is KL")
    )
