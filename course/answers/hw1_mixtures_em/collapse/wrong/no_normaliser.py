"""The narrow Gaussian is not normalised by sigma.

Without its factor sigma^-d nothing grows: it is the whole point.
"""


def collapse(x, sigma):
    constant = x.shape[1] / 2 * math.log(2 * math.pi)
    narrow = -0.5 * ((x - x[0]) / sigma).square().sum(dim=1) - constant
    broad = -0.5 * (x - x.mean(dim=0)).square().sum(dim=1) - constant
    return (torch.logaddexp(narrow, broad) - math.log(2)).sum()
