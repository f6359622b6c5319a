"""The weights are normalized over samples and examples together.

Each example has its own sum of weights.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    weights = torch.softmax(log_w.detach().flatten(), dim=0).reshape(log_w.shape)
    pull = weights.square()[..., None] * path
    return pull.sum(dim=0), (pull * log_scale.exp() * noise).sum(dim=0)
