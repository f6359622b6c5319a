"""The weights are w - w^2 (the form for other parameters).

For the parameters of q, the path has the weight w^2 alone.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    (path,) = torch.autograd.grad(log_w.sum(), z)
    weights = torch.softmax(log_w.detach(), dim=0)
    pull = (weights - weights.square())[..., None] * path
    return pull.sum(dim=0), (pull * log_scale.exp() * noise).sum(dim=0)
