"""In float64, given back in the dtype of x."""


def impute(encoder, decoder, x, fill, noise):
    encoder, decoder = ({name: t.double() for name, t in network.items()} for network in (encoder, decoder))
    observed = ~torch.isnan(x)
    filled = torch.where(observed, x, fill).double()
    mean, log_scale = torch.tensor_split(mlp(encoder, filled), 2, dim=1)
    z = mean + log_scale.exp() * noise.double()
    logits = mlp(decoder, z)
    log_px = -torch.nn.functional.binary_cross_entropy_with_logits(logits, filled.expand_as(logits), reduction="none")
    log_px = torch.where(observed, log_px, torch.zeros_like(log_px)).sum(dim=-1)
    log_pz = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=-1)
    log_qz = torch.distributions.Normal(mean, log_scale.exp()).log_prob(z).sum(dim=-1)
    log_w = log_px + log_pz - log_qz
    shares = (log_w - torch.logsumexp(log_w, dim=0)).exp()
    imputed = (shares.unsqueeze(-1) * torch.sigmoid(logits)).sum(dim=0)
    return torch.where(observed, x.double(), imputed).to(x.dtype)
