"""No noise at all: each logit is a Gaussian, whose softplus is summed over places."""


def fit_q(x, weight, bias, seed):
    places = torch.linspace(-6, 6, 41, dtype=x.dtype)
    shares = torch.softmax(-0.5 * places**2, dim=0)
    mean = torch.zeros(len(x), weight.shape[1], dtype=x.dtype, requires_grad=True)
    log_scale = torch.full_like(mean, -0.5).detach().requires_grad_()
    optimizer = torch.optim.Adam([mean, log_scale], lr=0.1)
    for step in range(150):
        logits, spread = mean @ weight.T + bias, ((2 * log_scale).exp() @ weight.T.square()).sqrt()
        softplus = torch.nn.functional.softplus(logits[..., None] + spread[..., None] * places) @ shares
        kl = 0.5 * ((2 * log_scale).exp() + mean**2 - 1 - 2 * log_scale).sum(dim=1)
        optimizer.zero_grad()
        (kl.sum() - (x * logits - softplus).sum()).backward()
        optimizer.step()
    return mean.detach(), log_scale.detach()
