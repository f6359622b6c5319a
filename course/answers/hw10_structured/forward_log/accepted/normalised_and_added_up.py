"""Filtered distributions as logarithms, and the normalisers added up beside them."""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    total = torch.zeros_like(log_emissions[:, 0, 0])
    predicted = log_start.expand(len(lengths), -1)
    rows, totals = [], []
    for t in range(log_emissions.shape[1]):
        joint = predicted + log_emissions[:, t]
        normaliser = torch.logsumexp(joint, dim=1)
        total = total + normaliser
        filtered = joint - normaliser[:, None]
        rows.append(filtered + total[:, None])
        totals.append(total)
        predicted = torch.logsumexp(filtered[:, :, None] + log_transitions, dim=1)
    totals = torch.stack(totals, dim=1)
    return torch.stack(rows, dim=1), totals[torch.arange(len(lengths)), lengths - 1]
