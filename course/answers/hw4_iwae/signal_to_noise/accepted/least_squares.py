"""With a design matrix and torch.linalg.lstsq."""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    design = torch.stack(
        [
            torch.tensor([math.log(k) for k in n_samples], dtype=draws.dtype),
            torch.ones(len(draws), dtype=draws.dtype),
        ],
        1,
    )
    return ratios, torch.linalg.lstsq(design, ratios.log()).solution[0]
