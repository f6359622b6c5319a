"""Sequences of K - 1 samples.

K samples each.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    n_samples = max(n_samples - 1, 1)
    sequences = torch.cartesian_prod(*[torch.arange(len(q_z))] * n_samples).reshape(-1, n_samples)
    probabilities = q_z[sequences].prod(dim=1)
    estimates = (p_xz / q_z)[sequences].mean(dim=1)
    return (probabilities * estimates.log()).sum()
