"""ln p(x) is said to be the ELBO by the E-step, in one step.

It is, but for two reasons: a theorem says what lies between them, and the E-step makes that nothing. One line
for each.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz), because="E-step")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
