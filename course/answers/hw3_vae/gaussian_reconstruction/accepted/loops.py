"""A loop over samples and images."""


def gaussian_reconstruction(means, log_scale, x):
    scales = log_scale.exp() * torch.ones_like(x[0])
    rows = []
    for sample in means:
        row = []
        for mean, image in zip(sample, x):
            density = torch.exp(-0.5 * ((image - mean) / scales) ** 2)
            row.append(
                (-0.5 * ((image - mean) / scales) ** 2 - scales.log() - 0.5 * math.log(2 * math.pi)).sum()
                + 0 * density.sum()
            )
        rows.append(torch.stack(row))
    return torch.stack(rows)
