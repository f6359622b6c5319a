"""The whole proof is one step.

The M-step raises the bound, not ln p(x) itself. What lies between the two?
"""


def em_never_lowers():
    return Derivation(log(p_x)).at_most(log(new(p_x)), because="M-step")
