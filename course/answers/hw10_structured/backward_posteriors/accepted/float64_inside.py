"""Computed in float64; gamma as the sums of the pairs."""


def backward_posteriors(log_alpha, log_transitions, log_emissions):
    dtype = log_alpha.dtype
    log_alpha, log_transitions, log_emissions = log_alpha.double(), log_transitions.double(), log_emissions.double()
    log_beta = torch.zeros_like(log_alpha)
    for s in range(len(log_alpha) - 2, -1, -1):
        log_beta[s] = torch.logsumexp(log_transitions.T + (log_emissions[s + 1] + log_beta[s + 1])[:, None], dim=0)
    log_evidence = log_alpha[-1].logsumexp(0)
    xi = torch.exp(
        log_alpha[:-1].unsqueeze(2) + log_transitions + (log_emissions[1:] + log_beta[1:]).unsqueeze(1) - log_evidence
    )
    gamma = torch.cat([xi.sum(dim=2), torch.softmax(log_alpha[-1:], dim=1)])
    return log_beta.to(dtype), gamma.to(dtype), xi.sum(dim=0).to(dtype)
