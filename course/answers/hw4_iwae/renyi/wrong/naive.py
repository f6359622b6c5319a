"""Powers of the weights are taken as numbers.

They are 0 or infinite: in logarithms a power is a product.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean(dim=0)
    return log_w.exp().pow(1 - alpha).mean(dim=0).log() / (1 - alpha)
