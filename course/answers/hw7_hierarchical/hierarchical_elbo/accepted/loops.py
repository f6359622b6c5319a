"""Loops over samples and examples."""


def hierarchical_elbo(model, x, z, q):
    n_samples, batch = z[0].shape[:2]
    bounds, columns = [], []
    for i in range(batch):
        likelihood, kls = 0.0, [0.0] * len(z)
        for k in range(n_samples):
            logits = pixel_logits(model, z[0][k, i])
            signs = 2 * x[i] - 1
            likelihood = likelihood + torch.nn.functional.logsigmoid(signs * logits).sum() / n_samples
            for l in range(len(z)):
                m, s = q[l][0][k, i], q[l][1][k, i]
                pm, ps = (torch.zeros_like(m), torch.zeros_like(s)) if l + 1 == len(z) else conditional(model, l + 1, z[l + 1][k, i])
                kls[l] = kls[l] + (ps - s + (torch.exp(2 * s) + (m - pm) ** 2) / (2 * torch.exp(2 * ps)) - 0.5).sum() / n_samples
        bounds.append(likelihood - sum(kls))
        columns.append(torch.stack(kls))
    return torch.stack(bounds), torch.stack(columns, dim=1)
