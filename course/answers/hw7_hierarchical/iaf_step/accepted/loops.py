"""A loop over the numbers."""


def iaf_step(z, log_q, m, s):
    columns, after = [], log_q
    for d in range(z.shape[-1]):
        gate = torch.sigmoid(s[..., d])
        columns.append(torch.lerp(m[..., d], z[..., d], gate))
        after = after - torch.nn.functional.logsigmoid(s[..., d])
    return torch.stack(columns, dim=-1), after
