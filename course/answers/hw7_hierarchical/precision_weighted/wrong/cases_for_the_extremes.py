"""Cases for log scales that are large, and clamped ones for the rest.

Two opinions that are both very sure, or both very unsure, have weights as well: those of their difference.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    far = (prior_log_scale - evidence_log_scale).abs() > 30
    same = prior_log_scale == evidence_log_scale
    prior, evidence = (torch.exp(-2 * part.clamp(-15, 15)) for part in (prior_log_scale, evidence_log_scale))
    mean = (prior * prior_mean + evidence * evidence_mean) / (prior + evidence)
    log_scale = -0.5 * torch.log(prior + evidence)
    mean = torch.where(far, torch.where(prior_log_scale < evidence_log_scale, prior_mean, evidence_mean), mean)
    log_scale = torch.where(far, torch.minimum(prior_log_scale, evidence_log_scale), log_scale)
    mean = torch.where(same, 0.5 * (prior_mean + evidence_mean), mean)
    return mean, torch.where(same, prior_log_scale - 0.5 * math.log(2.0), log_scale)
