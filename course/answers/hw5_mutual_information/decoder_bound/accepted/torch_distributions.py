"""With PyTorch's distributions."""


def decoder_bound(x, y, W, b, log_scale, covariance):
    of_x = torch.distributions.MultivariateNormal(torch.zeros_like(covariance[0]), covariance)
    decoder = torch.distributions.Normal(torch.nn.functional.linear(y, W, b), log_scale.exp())
    return of_x.entropy() + torch.distributions.Independent(decoder, 1).log_prob(x)
