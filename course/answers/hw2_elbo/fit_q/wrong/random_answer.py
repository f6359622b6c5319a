"""Random numbers come back.

Climb the bound.
"""


def fit_q(x, weight, bias, seed):
    generator = torch.Generator().manual_seed(seed)
    shape = (len(x), weight.shape[1])
    return torch.randn(shape, generator=generator, dtype=x.dtype), torch.randn(shape, generator=generator, dtype=x.dtype)
