"""With softplus, as a move towards m."""


def iaf_step(z, log_q, m, s):
    step = torch.sigmoid(-s) * (m - z)
    return z + step, log_q + torch.nn.functional.softplus(-s).sum(-1)
