"""The pixels are drawn from the top layer.

z_1, which is z[0], stands next to x.
"""


def hierarchical_elbo(model, x, z, q):
    logits = pixel_logits(model, z[-1])
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
    return log_likelihood.mean(dim=0) - kls.sum(dim=0), kls
