"""Computed in float64 and given back in the dtype of the means."""


def gaussian_reconstruction(means, log_scale, x):
    precision = torch.exp(-2 * log_scale.double())
    terms = precision * (means.double() - x.double()).square() + 2 * log_scale.double() + math.log(2 * math.pi)
    return (-0.5 * terms.sum(dim=-1)).to(means.dtype)
