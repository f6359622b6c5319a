"""The weights have the mean 1, not the sum 1.

Normalized weights sum to 1 over the samples.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return weights * len(log_w), 1 / weights.square().sum(dim=0)
