"""One noise and example at a time."""


def logit_gaussian(mean, log_scale, noise):
    samples, log_densities = [], []
    for one in noise:
        rows, logs = [], []
        for m, s, e in zip(mean, log_scale, one):
            a = m + s.exp() * e
            gaussian = torch.distributions.Normal(m, s.exp()).log_prob(a)
            rows.append(a.sigmoid())
            logs.append((gaussian - torch.nn.functional.logsigmoid(a) - torch.nn.functional.logsigmoid(-a)).sum())
        samples.append(torch.stack(rows))
        log_densities.append(torch.stack(logs))
    return torch.stack(samples), torch.stack(log_densities)
