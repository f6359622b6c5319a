"""The sequences are weighed with p(x, z).

The samples come from q.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    sequences = torch.cartesian_prod(*[torch.arange(len(q_z))] * n_samples).reshape(-1, n_samples)
    probabilities = p_xz[sequences].prod(dim=1)
    estimates = (p_xz / q_z)[sequences].mean(dim=1)
    return (probabilities * estimates.log()).sum()
