"""In float64 inside, with a hook in place of a detached sum."""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    dtype = x.dtype
    x, W, mean, log_scale, noise = (t.double() for t in (x, W, mean, log_scale, noise))
    leaves = [mean.clone().requires_grad_(), log_scale.clone().requires_grad_()]
    z = leaves[0] + leaves[1].exp() * noise
    log_w = log_joint(x, z, W, sigma) - log_posterior(z, mean, log_scale)
    weights = torch.softmax(log_w.detach(), dim=0)
    z.register_hook(lambda gradient: weights[..., None] * gradient)
    gradients = torch.autograd.grad(torch.logsumexp(log_w, dim=0).sum(), leaves)
    return tuple(gradient.to(dtype) for gradient in gradients)
