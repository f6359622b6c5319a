"""Made of the functions written before."""


def vae_elbo(encoder, decoder, x, noise):
    mean, log_scale = mlp(encoder, x).chunk(2, dim=1)
    z = reparameterize(mean, log_scale, len(noise), noise)
    return bernoulli_reconstruction(mlp(decoder, z), x).mean(dim=0) - gaussian_kl(mean, log_scale)
