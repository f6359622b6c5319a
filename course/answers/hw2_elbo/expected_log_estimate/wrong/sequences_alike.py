"""All sequences count alike.

A sequence has the probability q(z_1) ... q(z_K).
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    sequences = torch.cartesian_prod(*[torch.arange(len(q_z))] * n_samples).reshape(-1, n_samples)
    probabilities = q_z[sequences].prod(dim=1)
    estimates = (p_xz / q_z)[sequences].mean(dim=1)
    return estimates.log().mean()
