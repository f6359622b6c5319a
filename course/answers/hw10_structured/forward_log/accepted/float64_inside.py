"""Computed in float64, with a mask over the steps that carries the last alphas along."""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    start, transitions, emissions = log_start.double(), log_transitions.double(), log_emissions.double()
    log_alpha = start + emissions[:, 0]
    rows = [log_alpha]
    for t in range(1, emissions.shape[1]):
        following = torch.logsumexp(log_alpha.unsqueeze(2) + transitions.unsqueeze(0), 1) + emissions[:, t]
        log_alpha = torch.where((t < lengths)[:, None], following, log_alpha)
        rows.append(log_alpha)
    log_likelihoods = log_alpha.logsumexp(1)
    return torch.stack(rows, 1).to(log_emissions.dtype), log_likelihoods.to(log_emissions.dtype)
