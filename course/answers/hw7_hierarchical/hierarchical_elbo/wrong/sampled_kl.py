"""ln q - ln p at the sample stands for the KL.

The KL of a layer is known exactly, once the layers above are drawn.
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
        own = -0.5 * ((z[l - 1] - mean) / log_scale.exp()).square() - log_scale
        prior = -0.5 * ((z[l - 1] - prior_mean) / prior_log_scale.exp()).square() - prior_log_scale
        kls.append((own - prior).sum(dim=-1).mean(dim=0))
    kls = torch.stack(kls)
    return log_likelihood.mean(dim=0) - kls.sum(dim=0), kls
