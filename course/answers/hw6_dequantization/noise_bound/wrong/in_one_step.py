"""The bound is reached in one step.

Each step with a reason of its own: marginalization, multiply by one, and so on.
"""


def noise_bound():
    return Derivation(log(p_x)).at_least(E(q_z, log(p_xz)) + H(q_z), because="Jensen").tight_when(q_z, p_z_given_x)
