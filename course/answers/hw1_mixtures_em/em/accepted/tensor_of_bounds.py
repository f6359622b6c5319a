"""The bounds as a tensor, the sum divided by the number of examples."""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = torch.zeros(0, dtype=torch.float64)
    settled, iteration = False, 0
    while not settled and iteration < n_iterations:
        responsibilities = e_step(x, *parameters)
        per_example = elbo(x, responsibilities, *parameters).double()
        bounds = torch.cat([bounds, per_example.sum(dim=0, keepdim=True) / per_example.numel()])
        settled = iteration > 0 and bool(bounds[-1] - bounds[-2] <= tolerance)
        parameters = m_step(x, responsibilities)
        iteration += 1
    return parameters, bounds.tolist()
