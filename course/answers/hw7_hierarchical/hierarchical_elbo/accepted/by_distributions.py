"""With torch.distributions."""


def hierarchical_elbo(model, x, z, q):
    Normal = torch.distributions.Normal
    kls = []
    for l in range(len(z)):
        own = Normal(q[l][0], q[l][1].exp())
        if l + 1 == len(z):
            prior = Normal(torch.zeros_like(q[l][0]), torch.ones_like(q[l][0]))
        else:
            mean, log_scale = conditional(model, l + 1, z[l + 1])
            prior = Normal(mean, log_scale.exp())
        kls.append(torch.distributions.kl_divergence(own, prior).sum(-1).mean(0))
    logits = pixel_logits(model, z[0])
    likelihood = torch.distributions.Bernoulli(logits=logits).log_prob(x.expand_as(logits)).sum(-1)
    return likelihood.mean(0) - sum(kls), torch.stack(kls)
