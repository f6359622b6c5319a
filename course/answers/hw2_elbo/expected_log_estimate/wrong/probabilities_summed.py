"""The probability of a sequence is the sum of its samples'.

Independent samples: probabilities are multiplied.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    sequences = torch.cartesian_prod(*[torch.arange(len(q_z))] * n_samples).reshape(-1, n_samples)
    probabilities = q_z[sequences].mean(dim=1) / len(q_z) ** (n_samples - 1)
    estimates = (p_xz / q_z)[sequences].mean(dim=1)
    return (probabilities * estimates.log()).sum()
