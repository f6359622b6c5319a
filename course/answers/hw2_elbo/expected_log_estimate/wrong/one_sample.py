"""K is ignored: the ELBO.

Average over sequences of K samples.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    return (q_z * (p_xz / q_z).log()).sum()
