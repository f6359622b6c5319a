"""Its own log-sum-exp, whose shift is 0 where all terms are -inf."""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    def log_sum_exp(terms, dim):
        top = terms.detach().amax(dim=dim, keepdim=True)
        top = torch.where(torch.isfinite(top), top, torch.zeros_like(top))
        return (terms - top).exp().sum(dim=dim).log() + top.squeeze(dim)

    log_alpha = log_start + log_emissions[:, 0]
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        log_alpha = log_sum_exp(log_alpha[:, :, None] + log_transitions, 1) + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)
    log_likelihoods = torch.stack([log_sum_exp(log_alphas[i, m - 1], 0) for i, m in enumerate(lengths.tolist())])
    return log_alphas, log_likelihoods
