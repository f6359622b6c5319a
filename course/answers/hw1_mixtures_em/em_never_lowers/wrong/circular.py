"""The claim is its own reason.

An EM step never lowers ln p(x) because of what? Name the two steps and the two theorems.
"""


def em_never_lowers():
    return (
        Derivation(log(p_x))
        .equals(log(p_x) + 0, because="algebra")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    )
