"""The determinant is computed as a number, and becomes 0.

sigma^(2d) underflows. d ln sigma does not.
"""


def collapse(x, sigma):
    constant = x.shape[1] / 2 * math.log(2 * math.pi)
    narrow = (
        -0.5 * ((x - x[0]) / sigma).square().sum(dim=1)
        - 0.5 * torch.log(torch.tensor(sigma, dtype=x.dtype) ** (2 * x.shape[1]))
        - constant
    )
    broad = -0.5 * (x - x.mean(dim=0)).square().sum(dim=1) - constant
    return (torch.logaddexp(narrow, broad) - math.log(2)).sum()
