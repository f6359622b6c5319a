"""A loop over samples and images."""


def bernoulli_reconstruction(logits, x):
    rows = []
    for sample in logits:
        row = [pixels @ a - torch.logaddexp(a, torch.zeros_like(a)).sum() for a, pixels in zip(sample, x)]
        rows.append(torch.stack(row))
    return torch.stack(rows)
