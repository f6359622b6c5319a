"""The densities are computed as numbers.

sigma^-d becomes infinite for the computer before sigma is small. Stay with logarithms.
"""


def collapse(x, sigma):
    constant = x.shape[1] / 2 * math.log(2 * math.pi)
    narrow = -0.5 * ((x - x[0]) / sigma).square().sum(dim=1) - x.shape[1] * math.log(sigma) - constant
    broad = -0.5 * (x - x.mean(dim=0)).square().sum(dim=1) - constant
    return ((narrow.exp() + broad.exp()).log() - math.log(2)).sum()
