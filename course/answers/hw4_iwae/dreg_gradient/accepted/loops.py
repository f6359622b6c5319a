"""Loops over examples and samples."""


def dreg_gradient(x, W, sigma, mean, log_scale, noise):
    means, scales = [], []
    for i in range(len(x)):
        z = (mean[i] + log_scale[i].exp() * noise[:, i]).detach()
        log_w = log_joint(x[i], z, W, sigma) - log_posterior(z, mean[i], log_scale[i])
        weights = (log_w - torch.logsumexp(log_w, dim=0)).exp()
        pull_mean, pull_scale = torch.zeros_like(mean[i]), torch.zeros_like(mean[i])
        for k in range(len(noise)):
            place = z[k].clone().requires_grad_()
            (log_joint(x[i], place, W, sigma) - log_posterior(place, mean[i], log_scale[i])).backward()
            pull_mean = pull_mean + weights[k] ** 2 * place.grad
            pull_scale = pull_scale + weights[k] ** 2 * place.grad * log_scale[i].exp() * noise[k, i]
        means.append(pull_mean)
        scales.append(pull_scale)
    return torch.stack(means), torch.stack(scales)
