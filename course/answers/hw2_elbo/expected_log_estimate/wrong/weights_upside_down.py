"""The weights are q / p.

w = p(x, z) / q(z).
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    sequences = torch.cartesian_prod(*[torch.arange(len(q_z))] * n_samples).reshape(-1, n_samples)
    probabilities = q_z[sequences].prod(dim=1)
    estimates = (q_z / p_xz)[sequences].mean(dim=1)
    return (probabilities * estimates.log()).sum()
