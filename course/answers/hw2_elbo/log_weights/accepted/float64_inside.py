"""In float64 inside, and the squares of prior and q together."""


def log_weights(x, mean, log_scale, noise, weight, bias):
    kept = x.dtype
    x, mean, log_scale, noise, weight, bias = (part.double() for part in (x, mean, log_scale, noise, weight, bias))
    z = mean + log_scale.exp() * noise
    ratio = (0.5 * noise**2 - 0.5 * z**2 + log_scale).sum(dim=2)
    return (log_likelihood(x, z, weight, bias) + ratio).to(kept)
