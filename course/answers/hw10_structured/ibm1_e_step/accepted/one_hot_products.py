"""Words as one-hot rows, so that the look-up is a matrix product; float64 inside."""


def ibm1_e_step(source, target, table):
    n_source, n_target = table.shape
    positions = torch.nn.functional.one_hot(torch.nn.functional.pad(source, (1, 0)), n_source).double()
    words = torch.nn.functional.one_hot(target, n_target).double()
    shares = torch.einsum("ie,ef,jf->ji", positions, table.double(), words)
    return (shares / shares.sum(dim=1)[:, None]).to(table.dtype)
