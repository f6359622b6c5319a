"""The mean over samples is taken of weights, with the exact KL inside.

The bound is a mean of logarithms; the exact KL has no place in a weight.
"""


def hierarchical_elbo(model, x, z, q):
    logits = pixel_logits(model, z[0])
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
    kls = []
    for l, (mean, log_scale) in enumerate(q, start=1):
        if l < len(z):
            prior_mean, prior_log_scale = conditional(model, l, z[l])
        else:
            prior_mean, prior_log_scale = torch.zeros_like(mean), torch.zeros_like(mean)
        distance = (mean - prior_mean) / prior_log_scale.exp()
        ratio = log_scale - prior_log_scale
        kls.append((0.5 * distance.square() + 0.5 * (2 * ratio).exp() - 0.5 - ratio).sum(dim=-1).mean(dim=0))
    kls = torch.stack(kls)
    return torch.logsumexp(log_likelihood, dim=0) - math.log(len(log_likelihood)) - kls.sum(dim=0), kls
