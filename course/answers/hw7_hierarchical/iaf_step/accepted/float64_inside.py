"""In float64 inside."""


def iaf_step(z, log_q, m, s):
    gate = 1 / (1 + torch.exp(-s.double()))
    moved = gate * z.double() + (1 - gate) * m.double()
    after = log_q.double() + torch.logaddexp(torch.zeros_like(gate), -s.double()).sum(dim=-1)
    return moved.to(z.dtype), after.to(z.dtype)
