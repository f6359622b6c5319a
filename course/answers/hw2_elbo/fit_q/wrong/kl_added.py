"""The KL is added to the bound: q is driven away from the prior.

Reconstruction less KL.
"""


def fit_q(x, weight, bias, seed):
    shape = (len(x), weight.shape[1])
    noise = torch.randn(300, *shape, generator=torch.Generator().manual_seed(seed), dtype=x.dtype)
    noise = torch.cat([noise, -noise])
    mean = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    log_scale = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([mean, log_scale], lr=0.1)
    for _ in range(150):
        z = mean + log_scale.exp() * noise
        reconstruction = log_likelihood(x, z, weight, bias).mean(dim=0)
        kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
        loss = (-kl - reconstruction).sum().clamp(-1e3, 1e3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return mean.detach(), log_scale.detach()
