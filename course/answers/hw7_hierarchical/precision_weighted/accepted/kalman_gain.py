"""As a Kalman filter does: the prior, corrected by the gain."""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    gain = torch.sigmoid(2 * (prior_log_scale - evidence_log_scale))
    mean = prior_mean + gain * (evidence_mean - prior_mean)
    return mean, prior_log_scale + 0.5 * torch.nn.functional.logsigmoid(2 * (evidence_log_scale - prior_log_scale))
