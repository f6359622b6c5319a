"""The derivative worked out on paper."""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    scale = log_scale.exp()
    z = mean + scale * noise
    path = -z + (x - z @ W.T) @ W / sigma**2 + noise / scale
    weights = torch.softmax(log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale), dim=0)
    pull = torch.einsum("kb,kbd->kbd", weights**2, path)
    return pull.sum(0), torch.einsum("kbd,bd,kbd->bd", pull, scale, noise)
