"""The noise is not seeded.

The same call gives another answer each time: draw from torch.Generator().manual_seed(seed).
"""


def fit_q(x, weight, bias, seed):
    shape = (len(x), weight.shape[1])
    noise = torch.randn(1000, *shape, dtype=x.dtype)
    mean = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    log_scale = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([mean, log_scale], lr=0.1)
    for _ in range(150):
        reconstruction = log_likelihood(x, mean + log_scale.exp() * noise, weight, bias).mean(dim=0)
        kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - log_scale).sum(dim=1)
        optimizer.zero_grad()
        (kl - reconstruction).sum().backward()
        optimizer.step()
    return mean.detach(), log_scale.detach()
