"""math.log for the language's log.

The symbols are no numbers: only the log of lvmlib.derivation takes them.
"""


def noise_bound():
    return (
        Derivation(math.log(p_x))
        .equals(math.log(sum_z(p_xz)), because="marginalization")
        .at_least(E(q_z, math.log(p_xz / q_z)), because="Jensen")
        .equals(E(q_z, math.log(p_xz)) + H(q_z), because="definition of entropy")
        .tight_when(q_z, p_z_given_x)
    )
