"""Of each layer only the first number is counted.

The dimensions are independent, so that their KLs add up: sum over the last axis.
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
        kls.append((0.5 * distance.square() + 0.5 * (2 * ratio).exp() - 0.5 - ratio)[..., 0].mean(dim=0))
    kls = torch.stack(kls)
    return log_likelihood.mean(dim=0) - kls.sum(dim=0), kls
