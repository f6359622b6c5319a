"""The logarithm of a clamped q, which a responsibility of 0 then multiplies away."""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    tiny = torch.finfo(responsibilities.dtype).tiny
    return torch.einsum("nk,nk->n", responsibilities, log_joint - responsibilities.clamp_min(tiny).log())
