"""The logarithms of the weights are averaged within a sequence: the ELBO for every K.

Inside the logarithm stands the mean of the K weights of a sequence. Average their logarithms, or take one sample, and
K has no effect.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    sequences = torch.cartesian_prod(*[torch.arange(len(q_z))] * n_samples).reshape(-1, n_samples)
    probabilities = q_z[sequences].prod(dim=1)
    estimates = (p_xz / q_z)[sequences].log().mean(dim=1).exp()
    return (probabilities * estimates.log()).sum()
