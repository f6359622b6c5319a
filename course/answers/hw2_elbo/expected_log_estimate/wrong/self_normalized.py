"""The weights are divided by their sum in each sequence.

That is for expectations under the posterior. Then the mean weight says nothing.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    sequences = torch.cartesian_prod(*[torch.arange(len(q_z))] * n_samples).reshape(-1, n_samples)
    probabilities = q_z[sequences].prod(dim=1)
    estimates = ((p_xz / q_z)[sequences] / (p_xz / q_z).sum()).mean(dim=1)
    return (probabilities * estimates.log()).sum()
