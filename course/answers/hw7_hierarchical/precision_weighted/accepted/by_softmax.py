"""The weights by a softmax of the log precisions."""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    log_precisions = torch.stack([-2 * prior_log_scale, -2 * evidence_log_scale])
    weights = torch.softmax(log_precisions, dim=0)
    mean = (weights * torch.stack([prior_mean, evidence_mean])).sum(dim=0)
    return mean, -0.5 * torch.logsumexp(log_precisions, dim=0)
