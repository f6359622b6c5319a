"""The mean is estimated from random sequences.

It can be summed exactly: no noise.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    drawn = torch.multinomial(q_z, 5000 * n_samples, replacement=True, generator=torch.Generator().manual_seed(0))
    return (p_xz / q_z)[drawn.reshape(5000, n_samples)].mean(dim=1).log().mean()
