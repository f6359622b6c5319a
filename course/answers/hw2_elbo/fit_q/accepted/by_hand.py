"""Gradients by hand (the reparameterization written out), RMS steps."""


def fit_q(x, weight, bias, seed):
    generator = torch.Generator().manual_seed(seed)
    mean = torch.zeros(len(x), weight.shape[1], dtype=x.dtype)
    log_scale = torch.zeros_like(mean)
    noise = torch.randn(300, *mean.shape, generator=generator, dtype=x.dtype)
    noise = torch.cat([noise, -noise])
    for step in range(250):
        rate = 0.15 if step < 120 else 0.03
        z = mean + log_scale.exp() * noise
        by_z = (x - torch.sigmoid(z @ weight.T + bias)) @ weight - z
        by_mean = by_z.mean(dim=0)
        by_log_scale = (by_z * noise).mean(dim=0) * log_scale.exp() + 1
        mean = mean + rate * by_mean / (1 + weight.square().sum(dim=0) / 4)
        log_scale = log_scale + rate * by_log_scale
    return mean, log_scale
