"""The slope by softplus: ln(u (1 - u)) = -a - 2 softplus(-a)."""


def logit_gaussian(mean, log_scale, noise):
    scale = torch.exp(log_scale)
    a = torch.addcmul(mean, scale, noise)
    log_q = -0.5 * noise**2 - 0.5 * math.log(2 * math.pi) - log_scale + a + 2 * torch.nn.functional.softplus(-a)
    return 1 - torch.sigmoid(-a), torch.einsum("kbd->kb", log_q)
