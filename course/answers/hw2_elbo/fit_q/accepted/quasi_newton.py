"""L-BFGS on one large set of noise, in float64."""


def fit_q(x, weight, bias, seed):
    x64, weight64, bias64 = x.double(), weight.double(), bias.double()
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(400, len(x), weight.shape[1], generator=generator, dtype=torch.float64)
    noise = (noise - noise.mean(dim=0)) / noise.std(dim=0)
    parameters = torch.zeros(2, *noise.shape[1:], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=60, line_search_fn="strong_wolfe")

    def loss():
        mean, log_scale = parameters
        optimizer.zero_grad()
        z = mean + log_scale.exp() * noise
        log_w = log_likelihood(x64, z, weight64, bias64) + log_normal(z, 0.0, 0.0) - log_normal(z, mean, log_scale)
        value = -log_w.mean(dim=0).sum()
        value.backward()
        return value

    optimizer.step(loss)
    mean, log_scale = parameters.detach().to(x.dtype)
    return mean, log_scale
