"""The code knows two layers, no more and no fewer.

There are L of them: a loop over q, in which the last has N(0, I) for its prior.
"""


def hierarchical_elbo(model, x, z, q):
    def kl(mean, log_scale, prior_mean, prior_log_scale):
        distance = (mean - prior_mean) / prior_log_scale.exp()
        ratio = log_scale - prior_log_scale
        return (0.5 * distance.square() + 0.5 * (2 * ratio).exp() - 0.5 - ratio).sum(dim=-1).mean(dim=0)

    logits = pixel_logits(model, z[0])
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1).mean(dim=0)
    nought = torch.zeros_like(q[1][0])
    kls = torch.stack([kl(*q[0], *conditional(model, 1, z[1])), kl(*q[1], nought, nought)])
    return log_likelihood - kls.sum(dim=0), kls
