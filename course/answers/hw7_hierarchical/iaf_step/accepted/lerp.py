"""A point between m and z, by lerp."""


def iaf_step(z, log_q, m, s):
    return torch.lerp(m, z, torch.sigmoid(s)), log_q + torch.nn.functional.softplus(-s).sum(-1)
