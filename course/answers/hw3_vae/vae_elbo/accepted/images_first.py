"""Images as the first axis, einsum."""


def vae_elbo(encoder, decoder, x, noise):
    outputs = mlp(encoder, x)
    mean, log_scale = torch.tensor_split(outputs, 2, dim=-1)
    z = mean[:, None] + log_scale.exp()[:, None] * noise.transpose(0, 1)  # (n, k, l)
    logits = mlp(decoder, z)
    reconstruction = torch.einsum("nkd,nd->nk", logits, x) + torch.nn.functional.logsigmoid(-logits).sum(dim=2)
    kl = (torch.expm1(2 * log_scale) / 2 + mean.square() / 2 - log_scale).sum(dim=1)
    return (reconstruction - kl[:, None]).mean(dim=1)
