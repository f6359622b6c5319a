"""The whole proof is one step.

The reason must license what changed: E[w^2] >= E[w]^2 is true, but it is what Jensen gives under the posterior, after some steps.
"""


def chi_bound():
    w = p_xz / q_z
    return Derivation(log(E(q_z, w * w)) / 2).at_least(log(p_x), because="Jensen")
