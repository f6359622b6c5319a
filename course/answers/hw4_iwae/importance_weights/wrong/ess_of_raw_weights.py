"""The raw weights are squared, not the normalized ones.

1 / sum of squares holds for normalized weights; for raw ones it is (sum)^2 / (sum of squares).
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return weights, 1 / log_w.exp().square().sum(dim=0)
