"""The noise is averaged and taken out of the sum over samples.

Each sample has its own noise: it stays inside the sum.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    pull = (torch.softmax(log_w.detach(), dim=0).square()[..., None] * path).sum(dim=0)
    return pull, pull * log_scale.exp() * noise.mean(dim=0)
