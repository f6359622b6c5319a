"""sigma is taken for the variance.

The covariance is sigma^2 I.
"""


def collapse(x, sigma):
    constant = x.shape[1] / 2 * math.log(2 * math.pi)
    narrow = -0.5 * ((x - x[0]) / math.sqrt(sigma)).square().sum(dim=1) - 0.5 * x.shape[1] * math.log(sigma) - constant
    broad = -0.5 * (x - x.mean(dim=0)).square().sum(dim=1) - constant
    return (torch.logaddexp(narrow, broad) - math.log(2)).sum()
