"""Noise drawn with the latents as the first axis; pixels by a logistic variable."""


def generate(decoder, n_images):
    dtype = decoder["output_weight"].dtype
    z = torch.empty(decoder["hidden_weight"].shape[1], n_images, dtype=dtype).normal_().T
    logits = mlp(decoder, z)
    uniform = torch.rand_like(logits).clamp(1e-30, 1)
    images = torch.where(torch.logit(uniform) < logits, 1.0, 0.0).to(dtype)
    return images, 1 / (1 + torch.exp(-logits))
