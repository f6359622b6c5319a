"""The whole proof is one step by Bayes' rule.

Bayes' rule is about p(z|x) itself: write out the KLs first, so that it can be applied.
"""


def gap():
    return (
        Derivation(E(q_z, log(p_x_given_z)) - KL(q_z, p_z))
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="Bayes' rule")
    )
