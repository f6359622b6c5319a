"""The top layer is asked for a conditional prior too.

There is no layer above the top: its prior is N(0, I).
"""


def hierarchical_elbo(model, x, z, q):
    logits = pixel_logits(model, z[0])
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
    kls = []
    for l, (mean, log_scale) in enumerate(q, start=1):
        if l <= len(z):
            prior_mean, prior_log_scale = conditional(model, l, z[l % len(z)])
        else:
            prior_mean, prior_log_scale = torch.zeros_like(mean), torch.zeros_like(mean)
        distance = (mean - prior_mean) / prior_log_scale.exp()
        ratio = log_scale - prior_log_scale
        kls.append((0.5 * distance.square() + 0.5 * (2 * ratio).exp() - 0.5 - ratio).sum(dim=-1).mean(dim=0))
    kls = torch.stack(kls)
    return log_likelihood.mean(dim=0) - kls.sum(dim=0), kls
