"""Fresh noise at each step, and a rate that falls."""


def fit_q(x, weight, bias, seed):
    generator = torch.Generator().manual_seed(seed)
    parameters = torch.zeros(2, len(x), weight.shape[1], dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([parameters], lr=0.2)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=200)
    for _ in range(200):
        mean, log_scale = parameters
        noise = torch.randn(100, *mean.shape, generator=generator, dtype=x.dtype)
        z = mean + log_scale.exp() * noise
        bound = log_likelihood(x, z, weight, bias).mean(0) - 0.5 * ((2 * log_scale).exp() + mean**2 - 1 - 2 * log_scale).sum(1)
        optimizer.zero_grad()
        (-bound.sum()).backward()
        optimizer.step()
        schedule.step()
    return tuple(parameters.detach())
