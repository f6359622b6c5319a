"""The logarithms of the two components are averaged.

p(x) is a sum of densities: logaddexp.
"""


def collapse(x, sigma):
    constant = x.shape[1] / 2 * math.log(2 * math.pi)
    narrow = -0.5 * ((x - x[0]) / sigma).square().sum(dim=1) - x.shape[1] * math.log(sigma) - constant
    broad = -0.5 * (x - x.mean(dim=0)).square().sum(dim=1) - constant
    return (0.5 * narrow + 0.5 * broad).sum()
