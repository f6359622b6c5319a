"""As a matrix product for each example, in float64 inside."""


def iwae_gradient(log_w, gradients):
    weights = torch.softmax(log_w.double(), dim=0).T[:, None, :]  # (batch, 1, K)
    return (weights @ gradients.double().permute(1, 0, 2))[:, 0].to(gradients.dtype)
