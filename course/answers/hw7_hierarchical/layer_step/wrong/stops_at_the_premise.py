"""The chain stops at the truth's bound, before the premise.

The layers below have not yet had their say.
"""


def layer_step():
    return (
        Derivation(log(new(p_x)))
        .equals(log(sum_z(new(p_xz))), because="marginalization")
        .equals(log(sum_z(q_z * (new(p_xz) / q_z))), because="multiply by one")
        .equals(log(E(q_z, new(p_xz) / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(new(p_xz) / q_z)), because="Jensen")
        .equals(E(q_z, log(new(p_xz))) - E(q_z, log(q_z)), because="linearity")
    )
