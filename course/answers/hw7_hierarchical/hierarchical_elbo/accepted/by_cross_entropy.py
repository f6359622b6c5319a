"""Sample by sample, with the pixels' cross-entropy."""


def hierarchical_elbo(model, x, z, q):
    bounds, all_kls = [], []
    for k in range(len(z[0])):
        logits = pixel_logits(model, z[0][k])
        missing = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
        kls = []
        for l in range(len(z)):
            mean, log_scale = q[l][0][k], q[l][1][k]
            if l == len(z) - 1:
                kls.append((-log_scale + ((2 * log_scale).exp() + mean**2) / 2 - 0.5).sum(-1))
            else:
                centre, spread = conditional(model, l + 1, z[l + 1][k])
                square = ((2 * log_scale).exp() + (mean - centre) ** 2) / (2 * (2 * spread).exp())
                kls.append((spread - log_scale + square - 0.5).sum(-1))
        all_kls.append(torch.stack(kls))
        bounds.append(-missing - all_kls[-1].sum(0))
    return torch.stack(bounds).mean(0), torch.stack(all_kls).mean(0)
