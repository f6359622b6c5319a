"""The sample is cut from the graph.

Then only the KL has a gradient, and q becomes the prior.
"""


def fit_q(x, weight, bias, seed):
    shape = (len(x), weight.shape[1])
    noise = torch.randn(300, *shape, generator=torch.Generator().manual_seed(seed), dtype=x.dtype)
    noise = torch.cat([noise, -noise])
    mean = torch.ones(shape, dtype=x.dtype, requires_grad=True)
    log_scale = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([mean, log_scale], lr=0.1)
    for _ in range(150):
        z = mean + log_scale.exp() * noise
        z = z.detach()
        reconstruction = log_likelihood(x, z, weight, bias).mean(dim=0)
        kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
        loss = (kl - reconstruction).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return mean.detach(), log_scale.detach()
