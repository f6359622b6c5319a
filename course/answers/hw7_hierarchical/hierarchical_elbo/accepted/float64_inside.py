"""In float64 inside, variances, and the top layer first."""


def hierarchical_elbo(model, x, z, q):
    wide = {name: tensor.double() for name, tensor in model.items()}
    z, q = [part.double() for part in z], [(m.double(), s.double()) for m, s in q]
    rows = []
    for l in reversed(range(len(z))):
        mean, log_scale = q[l]
        prior_mean, prior_log_scale = (0 * mean, 0 * mean) if l == len(z) - 1 else conditional(wide, l + 1, z[l + 1])
        variance, prior_variance = torch.exp(2 * log_scale), torch.exp(2 * prior_log_scale)
        kl = prior_log_scale - log_scale + (variance + (mean - prior_mean) ** 2) / (2 * prior_variance) - 0.5
        rows.insert(0, kl.sum(2).mean(0))
    logits = pixel_logits(wide, z[0])
    likelihood = (x * logits - torch.logaddexp(logits, torch.zeros_like(logits))).sum(2).mean(0)
    kls = torch.stack(rows)
    return (likelihood - kls.sum(0)).to(x.dtype), kls.to(x.dtype)
