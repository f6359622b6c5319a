"""The derivative of -ln q(z|x) with respect to z is missing.

ln w is ln p(x, z) - ln q(z|x), and both depend on z.
"""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach().requires_grad_()
    (path,) = torch.autograd.grad(log_joint(x, z, W, sigma).sum(), z)
    log_w = log_joint(x, z.detach(), W, sigma) - log_posterior(z.detach(), mean, log_scale)
    pull = torch.softmax(log_w, dim=0).square()[..., None] * path
    return pull.sum(dim=0), (pull * log_scale.exp() * noise).sum(dim=0)
