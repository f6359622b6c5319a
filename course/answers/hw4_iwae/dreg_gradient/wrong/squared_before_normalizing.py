"""The weights are squared first and then normalized.

Normalize first, then square: the squares do not sum to 1.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    pull = torch.softmax(2 * log_w.detach(), dim=0)[..., None] * path
    return pull.sum(dim=0), (pull * log_scale.exp() * noise).sum(dim=0)
