"""torch.distributions."""


def gaussian_reconstruction(means, log_scale, x):
    return torch.distributions.Normal(means, log_scale.exp()).log_prob(x).sum(dim=-1)
