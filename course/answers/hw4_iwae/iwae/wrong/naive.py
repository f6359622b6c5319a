"""exp before anything has been taken out.

Weights of images are 0 as numbers: torch.logsumexp takes the largest out first.
"""


def iwae(log_w):
    return log_w.exp().mean(dim=0).log()
