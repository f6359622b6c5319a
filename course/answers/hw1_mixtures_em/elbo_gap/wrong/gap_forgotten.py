"""The chain ends at ln p(x), with an inequality.

That is the lower bound of section 3. Here the question is how much is lacking.
"""


def elbo_gap():
    return (
        Derivation(ELBO(q_z, p_xz))
        .at_most(log(E(q_z, p_xz / q_z)), because="Jensen")
        .equals(log(sum_z(p_xz)), because="definition of expectation")
        .equals(log(p_x), because="marginalization")
    )
