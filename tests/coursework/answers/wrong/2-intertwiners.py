"""Wrong answers to assignment 2, as students hand them in: each has to lose its points."""


# %% q1: the inverse is forgotten
def group_convolution(table, v, f):
    n = len(table)
    out = torch.zeros(n).to(f)
    for g in range(n):
        for h in range(n):
            out[g] += v[table[g, h]] * f[h]
    return out


# %% q1: the textbook's convolution, v(h^-1 g)
def group_convolution(table, v, f):
    group = msr.FiniteGroup(table)
    n = group.order
    out = torch.zeros(n).to(f)
    for g in range(n):
        for h in range(n):
            out[g] += v[table[group.inverse[h], g]] * f[h]
    return out


# %% q1: the product in the wrong order, v(h g^-1)
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    n = len(table)
    W = torch.stack([v[table[:, inverse[g]]] for g in range(n)])
    return W @ f


# %% q1: element 0 is taken for the identity
def group_convolution(table, v, f):
    inverse = (table == 0).long().argmax(1)
    return v[table[inverse]] @ f


# %% q1: shifts, whatever the group
def group_convolution(table, v, f):
    n = len(f)
    out = []
    for g in range(n):
        out.append(sum(v[(h - g) % n] * f[h] for h in range(n)))
    return torch.stack(out)


# %% q1: shifts by the Fourier transform
def group_convolution(table, v, f):
    product = torch.fft.fft(v).conj() * torch.fft.fft(f)
    return torch.fft.ifft(product).real


# %% q1: three elements, as in the public example
def group_convolution(table, v, f):
    inverse = [0, 2, 1]
    out = torch.zeros(3).to(f)
    for g in range(3):
        for h in range(3):
            out[g] += v[table[inverse[g], h]] * f[h]
    return out


# %% q1: sums over g in place of h
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    W = v[table[inverse]]
    return f @ W


# %% q1: filter and signal are exchanged
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    return f[table[inverse]] @ v


# %% q1: the mean over the group
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    return (v[table[inverse]] * f).mean(1)


# %% q1: whole numbers only
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    out = torch.zeros_like(table[0])
    for g in range(len(table)):
        out[g] = (v[table[inverse[g]]] * f).sum()
    return out


# %% q1: the matrix in place of its product with the signal
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    return v[table[inverse]]


# %% q1: the terms are not summed
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    return v[table[inverse]] * f


# %% q1: a column
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    return v[table[inverse]] @ f[:, None]


# %% q1: writes the result into the signal
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    f[:] = v[table[inverse]] @ f
    return f


# %% q1: overwrites the table
def group_convolution(table, v, f):
    inverse = msr.FiniteGroup(table).inverse
    table.copy_(table[inverse])
    return v[table] @ f


# %% q1: with msr.group_convolution_matrix
def group_convolution(table, v, f):
    n = len(table)
    U = msr.group_convolution_matrix(msr.FiniteGroup(table)).to(v)
    return (U @ v).reshape(n, n) @ f


# %% q1: msr.group_convolution_matrix under another name
from msr import group_convolution_matrix as matrix_of_convolution


def group_convolution(table, v, f):
    n = len(table)
    U = matrix_of_convolution(msr.FiniteGroup(table)).to(v)
    return (U @ v).reshape(n, n) @ f


# %% q2: column-major
def symmetry_matrix(table):
    n = len(table)
    inverse = msr.FiniteGroup(table).inverse
    U = torch.zeros(n * n, n)
    for g in range(n):
        for h in range(n):
            U[g + n * h, table[inverse[g], h]] = 1
    return U


# %% q2: the inverse is forgotten
def symmetry_matrix(table):
    return torch.eye(len(table))[table.flatten()]


# %% q2: element 0 is taken for the identity
def symmetry_matrix(table):
    n = len(table)
    inverse = [row.index(0) for row in table.tolist()]
    U = torch.zeros(n, n, n)
    for g in range(n):
        for h in range(n):
            U[g, h, table[inverse[g], h]] = 1
    return U.reshape(n * n, n)


# %% q2: filters are numbered by the first row
def symmetry_matrix(table):
    group = msr.FiniteGroup(table)
    n = group.order
    pattern = table[group.inverse]
    number = {int(pattern[0, h]): h for h in range(n)}
    U = torch.zeros(n * n, n)
    for i, element in enumerate(pattern.flatten().tolist()):
        U[i, number[element]] = 1
    return U


# %% q2: h^-1 g
def symmetry_matrix(table):
    n = len(table)
    inverse = msr.FiniteGroup(table).inverse
    U = torch.zeros(n * n, n)
    for g in range(n):
        for h in range(n):
            U[n * g + h, table[inverse[h], g]] = 1
    return U


# %% q2: h g^-1
def symmetry_matrix(table):
    inverse = msr.FiniteGroup(table).inverse
    return torch.eye(len(table))[table[:, inverse].T.flatten()]


# %% q2: g h^-1
def symmetry_matrix(table):
    inverse = msr.FiniteGroup(table).inverse
    return torch.eye(len(table))[table[:, inverse].flatten()]


# %% q2: shifts, whatever the group
def symmetry_matrix(table):
    n = len(table)
    U = torch.zeros(n * n, n)
    for g in range(n):
        for h in range(n):
            U[n * g + h, (h - g) % n] = 1
    return U


# %% q2: two elements, as in the public example
def symmetry_matrix(table):
    return torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])


# %% q2: lying down
def symmetry_matrix(table):
    inverse = msr.FiniteGroup(table).inverse
    return torch.eye(len(table))[table[inverse].flatten()].T


# %% q2: three axes
def symmetry_matrix(table):
    inverse = msr.FiniteGroup(table).inverse
    return torch.eye(len(table))[table[inverse]]


# %% q2: columns of length 1
def symmetry_matrix(table):
    inverse = msr.FiniteGroup(table).inverse
    U = torch.eye(len(table))[table[inverse].flatten()]
    return U / U.norm(dim=0)


# %% q2: divided by the number of elements
def symmetry_matrix(table):
    n = len(table)
    inverse = msr.FiniteGroup(table).inverse
    return torch.eye(n)[table[inverse].flatten()] / n


# %% q2: numbers of the filter's entries in place of ones
def symmetry_matrix(table):
    n = len(table)
    inverse = msr.FiniteGroup(table).inverse
    U = torch.zeros(n * n, n)
    for i, element in enumerate(table[inverse].flatten()):
        U[i, element] = element
    return U


# %% q2: the convolution with one filter
def symmetry_matrix(table):
    inverse = msr.FiniteGroup(table).inverse
    v = torch.arange(1.0, len(table) + 1)
    return v[table[inverse]]


# %% q2: overwrites the table
def symmetry_matrix(table):
    n = len(table)
    table[:] = table[msr.FiniteGroup(table).inverse]
    return torch.eye(n)[table.flatten()]


# %% q2: with msr.group_convolution_matrix
def symmetry_matrix(table):
    return msr.group_convolution_matrix(msr.FiniteGroup(table))


# %% q2: msr.group_convolution_matrix, imported inside
def symmetry_matrix(table):
    from msr import group_convolution_matrix

    return group_convolution_matrix(msr.FiniteGroup(table))


# %% q3: a sum in place of a mean
def project(rho_in, rho_out, W):
    return sum(b @ W @ torch.linalg.inv(a) for a, b in zip(rho_in, rho_out))


# %% q3: the transpose in place of the inverse
def project(rho_in, rho_out, W):
    return torch.stack([b @ W @ a.T for a, b in zip(rho_in, rho_out)]).mean(0)


# %% q3: the inverse is forgotten
def project(rho_in, rho_out, W):
    return (rho_out @ W @ rho_in).mean(0)


# %% q3: in and out are exchanged
def project(rho_in, rho_out, W):
    return (rho_in @ W @ torch.linalg.inv(rho_out)).mean(0)


# %% q3: one side only
def project(rho_in, rho_out, W):
    return (rho_out @ W).mean(0)


# %% q3: both sides are averaged on their own
def project(rho_in, rho_out, W):
    back = torch.linalg.inv(rho_in)
    return torch.einsum("gab,bc,hcd->ad", rho_out, W, back) / len(rho_in) ** 2


# %% q3: divided by the dimension
def project(rho_in, rho_out, W):
    return (rho_out @ W @ torch.linalg.inv(rho_in)).sum(0) / W.shape[0]


# %% q3: two elements, as in the public example
def project(rho_in, rho_out, W):
    total = W + rho_out[1] @ W @ torch.linalg.inv(rho_in[1])
    return total / 2


# %% q3: the pattern of the public example
def project(rho_in, rho_out, W):
    a = (W[0, 0] + W[1, 1]) / 2
    b = (W[0, 1] + W[1, 0]) / 2
    return torch.stack([torch.stack([a, b]), torch.stack([b, a])])


# %% q3: element 0 is taken for the identity
def project(rho_in, rho_out, W):
    total = W.clone()
    for g in range(1, len(rho_in)):
        total = total + rho_out[g] @ W @ torch.linalg.inv(rho_in[g])
    return total / len(rho_in)


# %% q3: zero, which is an intertwiner
def project(rho_in, rho_out, W):
    return torch.zeros_like(W)


# %% q3: scaled to the length of W
def project(rho_in, rho_out, W):
    average = (rho_out @ W @ torch.linalg.inv(rho_in)).mean(0)
    return average * W.norm() / average.norm()


# %% q3: writes the result into W
def project(rho_in, rho_out, W):
    W[:] = (rho_out @ W @ torch.linalg.inv(rho_in)).mean(0)
    return W


# %% q3: inverts the representation in place
def project(rho_in, rho_out, W):
    for g in range(len(rho_in)):
        rho_in[g] = torch.linalg.inv(rho_in[g])
    return (rho_out @ W @ rho_in).mean(0)


# %% q3: transposed
def project(rho_in, rho_out, W):
    return (rho_out @ W @ torch.linalg.inv(rho_in)).mean(0).T


# %% q3: msr.reynolds, with a group found by trial
def project(rho_in, rho_out, W):
    for group in msr.small_groups().values():
        try:
            first = msr.Representation(group, rho_in)
            second = msr.Representation(group, rho_out)
        except ValueError:
            continue
        return msr.reynolds(first, second, W)
    return (rho_out @ W @ torch.linalg.inv(rho_in)).mean(0)


# %% q3: msr.reynolds on representations without a group
class Matrices:
    def __init__(self, matrices, inverse):
        self.matrices = matrices
        self.dim = matrices.shape[-1]
        self.group = self
        self.table = torch.zeros(1)
        self.inverse = inverse


def project(rho_in, rho_out, W):
    n = len(rho_in)
    both = torch.cat([rho_in, torch.linalg.inv(rho_in)])
    inverse = torch.arange(n, 2 * n)
    return msr.reynolds(Matrices(both, inverse), Matrices(rho_out, inverse), W)


# %% q4: the projected unit matrices, which depend on each other
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    columns = []
    for i in range(m * n):
        W = torch.zeros(m * n).to(rho_in)
        W[i] = 1
        average = project(rho_in, rho_out, W.reshape(m, n)).flatten()
        if average.norm() > 1e-6:
            columns.append(average / average.norm())
    return torch.stack(columns, 1) if columns else torch.zeros(m * n, 0)


# %% q4: independent, but not orthogonal
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    generator = torch.Generator().manual_seed(0)
    chi_in, chi_out = torch.einsum("gii->g", rho_in), torch.einsum("gii->g", rho_out)
    columns = []
    for _ in range(round(float((chi_in * chi_out).mean()))):
        W = torch.randn(m, n, generator=generator).to(rho_in)
        average = project(rho_in, rho_out, W).flatten()
        columns.append(average / average.norm())
    return torch.stack(columns, 1) if columns else torch.zeros(m * n, 0).to(rho_in)


# %% q4: orthogonal, but not of length 1
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    columns = []
    for unit in torch.eye(m * n).to(rho_in):
        w = project(rho_in, rho_out, unit.reshape(m, n)).flatten()
        for column in columns:
            w = w - (column @ w) / (column @ column) * column
        if w.norm() > 1e-6:
            columns.append(w)
    return torch.stack(columns, 1) if columns else torch.zeros(m * n, 0).to(rho_in)


# %% q4: column-major
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(a.T.contiguous(), b) for a, b in zip(back, rho_out)) / len(back)
    left, size, _ = torch.linalg.svd(P)
    return left[:, : int((size > 1e-6).sum())]


# %% q4: the transpose in place of the inverse
def intertwiners(rho_in, rho_out):
    P = sum(torch.kron(b, a) for a, b in zip(rho_in, rho_out)) / len(rho_in)
    left, size, _ = torch.linalg.svd(P)
    return left[:, : int((size > 1e-6).sum())]


# %% q4: the equations' order of vec is column-major
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    rows = []
    for a, b in zip(rho_in, rho_out):
        left = torch.kron(torch.eye(n).to(b), b)
        rows.append(left - torch.kron(a.T.contiguous(), torch.eye(m).to(b)))
    _, size, right = torch.linalg.svd(torch.cat(rows))
    return right[size < 1e-6].T


# %% q4: eigenvectors of a projection that is not symmetric
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    values, vectors = torch.linalg.eigh(P)
    return vectors[:, values > 0.5]


# %% q4: the rows of the projection
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    _, size, right = torch.linalg.svd(P)
    return right[size > 1e-6].T


# %% q4: singular values are compared with 0 exactly
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    rows = []
    for a, b in zip(rho_in, rho_out):
        left = torch.kron(b, torch.eye(n).to(b))
        rows.append(left - torch.kron(torch.eye(m).to(b), a.T.contiguous()))
    _, size, right = torch.linalg.svd(torch.cat(rows))
    return right[size == 0].T


# %% q4: the first columns of a qr decomposition
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    Q, _ = torch.linalg.qr(P)
    return Q[:, : round(float(P.trace()))]


# %% q4: one element of the group only
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    g = min(1, len(rho_in) - 1)
    left = torch.kron(rho_out[g], torch.eye(n).to(rho_in))
    right = torch.kron(torch.eye(m).to(rho_in), rho_in[g].T.contiguous())
    _, size, vectors = torch.linalg.svd(left - right)
    return vectors[size < 1e-6].T


# %% q4: in and out are exchanged
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_out)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_in)) / len(back)
    left, size, _ = torch.linalg.svd(P)
    return left[:, : int((size > 1e-6).sum())]


# %% q4: the dimension is cut off, not rounded
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    left, _, _ = torch.linalg.svd(P)
    return left[:, : int(P.trace())]


# %% q4: as many columns as elements
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    left, _, _ = torch.linalg.svd(P)
    return left[:, : len(rho_in)]


# %% q4: the basis of the public example
def intertwiners(rho_in, rho_out):
    U = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]).to(rho_in)
    return U / 2**0.5


# %% q4: a column of zeros where there is no intertwiner
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    left, size, _ = torch.linalg.svd(P)
    rank = int((size > 1e-6).sum())
    return left[:, :rank] if rank else torch.zeros(m * n, 1).to(P)


# %% q4: no basis where there is no intertwiner
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    left, size, _ = torch.linalg.svd(P)
    columns = [left[:, i] for i in range(len(size)) if size[i] > 1e-6]
    return torch.stack(columns, 1) if columns else None


# %% q4: singular values compared with the largest, even where all are 0
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    left, size, _ = torch.linalg.svd(P)
    return left[:, size > 1e-6 * size.max()]


# %% q4: basis vectors are rows
def intertwiners(rho_in, rho_out):
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    left, size, _ = torch.linalg.svd(P)
    return left[:, size > 1e-6].T


# %% q4: a list of matrices
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    left, size, _ = torch.linalg.svd(P)
    return [column.reshape(m, n) for column in left[:, size > 1e-6].T]


# %% q4: inverts the representation in place
def intertwiners(rho_in, rho_out):
    rho_in[:] = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(rho_in, rho_out)) / len(rho_in)
    left, size, _ = torch.linalg.svd(P)
    return left[:, size > 1e-6]


# %% q4: transposes the representation in place
def intertwiners(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    rho_in.transpose_(1, 2)
    rows = []
    for a, b in zip(rho_in, rho_out):
        rows.append(
            torch.kron(b, torch.eye(n).to(b))
            - torch.kron(torch.eye(m).to(b), a.contiguous())
        )
    _, size, right = torch.linalg.svd(torch.cat(rows))
    return right[size < 1e-6].T


# %% q4: msr.intertwiner_basis, with a group found by trial
def intertwiners(rho_in, rho_out):
    for group in msr.small_groups().values():
        try:
            first = msr.Representation(group, rho_in)
            second = msr.Representation(group, rho_out)
        except ValueError:
            continue
        return msr.intertwiner_basis(first, second)
    back = torch.linalg.inv(rho_in)
    P = sum(torch.kron(b, a.T.contiguous()) for a, b in zip(back, rho_out)) / len(back)
    left, size, _ = torch.linalg.svd(P)
    return left[:, size > 1e-6]


# %% q5: cut off, not rounded
def parameters_of_layer(rho_in, rho_out):
    chi_in = torch.stack([matrix.trace() for matrix in torch.linalg.inv(rho_in)])
    chi_out = torch.stack([matrix.trace() for matrix in rho_out])
    return int((chi_in * chi_out).mean())


# %% q5: divided without rest
def parameters_of_layer(rho_in, rho_out):
    total = sum(a.trace() * b.trace() for a, b in zip(rho_in, rho_out))
    return int(total // len(rho_in))


# %% q5: characters are rounded first
def parameters_of_layer(rho_in, rho_out):
    total = 0
    for a, b in zip(rho_in, rho_out):
        total += round(float(a.trace())) * round(float(b.trace()))
    return round(total / len(rho_in))


# %% q5: characters are cut off first
def parameters_of_layer(rho_in, rho_out):
    total = 0
    for a, b in zip(rho_in, rho_out):
        total += int(a.trace()) * int(b.trace())
    return total // len(rho_in)


# %% q5: not divided by the number of elements
def parameters_of_layer(rho_in, rho_out):
    total = sum(a.trace() * b.trace() for a, b in zip(rho_in, rho_out))
    return round(float(total))


# %% q5: divided by the dimension
def parameters_of_layer(rho_in, rho_out):
    total = sum(a.trace() * b.trace() for a, b in zip(rho_in, rho_out))
    return round(float(total) / rho_in.shape[1])


# %% q5: the character on inputs twice
def parameters_of_layer(rho_in, rho_out):
    chi = rho_in.diagonal(dim1=1, dim2=2).sum(1)
    return round(float((chi * chi).mean()))


# %% q5: the product of the means
def parameters_of_layer(rho_in, rho_out):
    chi_in = rho_in.diagonal(dim1=1, dim2=2).sum(1)
    chi_out = rho_out.diagonal(dim1=1, dim2=2).sum(1)
    return round(float(chi_in.mean() * chi_out.mean()))


# %% q5: the number of elements
def parameters_of_layer(rho_in, rho_out):
    return len(rho_in)


# %% q5: entries of the matrix per element
def parameters_of_layer(rho_in, rho_out):
    return rho_in.shape[1] * rho_out.shape[1] // len(rho_in)


# %% q5: two, as in the public example
def parameters_of_layer(rho_in, rho_out):
    return 2


# %% q5: two elements, as in the public example
def parameters_of_layer(rho_in, rho_out):
    first = rho_in[0].trace() * rho_out[0].trace()
    second = rho_in[1].trace() * rho_out[1].trace()
    return round(float(first + second) / 2)


# %% q5: element 0 is taken for the identity
def parameters_of_layer(rho_in, rho_out):
    total = rho_in.shape[1] * rho_out.shape[1]
    for g in range(1, len(rho_in)):
        total += float(rho_in[g].trace() * rho_out[g].trace())
    return round(total / len(rho_in))


# %% q5: sums of all entries in place of traces
def parameters_of_layer(rho_in, rho_out):
    return round(float((rho_in.sum((1, 2)) * rho_out.sum((1, 2))).mean()))


# %% q5: not rounded
def parameters_of_layer(rho_in, rho_out):
    chi_in = torch.einsum("gii->g", torch.linalg.inv(rho_in))
    chi_out = torch.einsum("gii->g", rho_out)
    return float((chi_in * chi_out).mean())


# %% q5: rounded up
def parameters_of_layer(rho_in, rho_out):
    import math

    chi_in = torch.einsum("gii->g", rho_in)
    chi_out = torch.einsum("gii->g", rho_out)
    return math.ceil(float((chi_in * chi_out).mean()))


# %% q5: keeps only the diagonals, in place
def parameters_of_layer(rho_in, rho_out):
    rho_in *= torch.eye(rho_in.shape[1]).to(rho_in)
    rho_out *= torch.eye(rho_out.shape[1]).to(rho_out)
    return round(float((rho_in.sum((1, 2)) * rho_out.sum((1, 2))).mean()))


# %% q5: by way of a basis
def parameters_of_layer(rho_in, rho_out):
    return intertwiners(rho_in, rho_out).shape[1]


# %% q5: the rank of all equations
def parameters_of_layer(rho_in, rho_out):
    m, n = rho_out.shape[1], rho_in.shape[1]
    rows = []
    for a, b in zip(rho_in, rho_out):
        left = torch.kron(b, torch.eye(n).to(b))
        rows.append(left - torch.kron(torch.eye(m).to(b), a.T.contiguous()))
    return m * n - int(torch.linalg.matrix_rank(torch.cat(rows), atol=1e-6, rtol=0))


# %% q5: msr.intertwiner_dimension, with a group found by trial
def parameters_of_layer(rho_in, rho_out):
    for group in msr.small_groups().values():
        try:
            first = msr.Representation(group, rho_in)
            second = msr.Representation(group, rho_out)
        except ValueError:
            continue
        return msr.intertwiner_dimension(first, second)
    chi_in = torch.einsum("gii->g", rho_in)
    chi_out = torch.einsum("gii->g", rho_out)
    return round(float((chi_in * chi_out).mean()))


# %% q6: the first column only
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U[:, 0].reshape(n, n)
    for k in range(n):
        rho = torch.zeros(n, n).to(U)
        rho[table[k], torch.arange(n)] = 1
        if (rho @ W - W @ rho).abs().max() > tolerance:
            return False
    return True


mystery_group = "C8"


# %% q6: one layer, of all ones
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = (U @ torch.ones(U.shape[1]).to(U)).reshape(n, n)
    for k in range(n):
        rho = torch.eye(n).to(U)[table[k]].T
        if (rho @ W - W @ rho).abs().max() > tolerance:
            return False
    return True


mystery_group = "C8"


# %% q6: one column that fits is enough
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    rho = torch.stack([torch.eye(n).to(U)[table[k]].T for k in range(n)])
    for column in U.T:
        W = column.reshape(n, n)
        if (rho @ W - W @ rho).abs().max() <= tolerance:
            return True
    return False


mystery_group = "C8"


# %% q6: the right regular representation
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    inverse = msr.FiniteGroup(table).inverse
    for column in U.T:
        W = column.reshape(n, n)
        for k in range(n):
            rho = torch.zeros(n, n).to(U)
            rho[table[:, inverse[k]], torch.arange(n)] = 1
            if (rho @ W - W @ rho).abs().max() > tolerance:
                return False
    return True


mystery_group = "C8"


# %% q6: one element of the group only
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    rho = torch.zeros(n, n).to(U)
    rho[table[1], torch.arange(n)] = 1
    W = U.T.reshape(-1, n, n)
    return bool(((rho @ W - W @ rho).abs() <= tolerance).all())


mystery_group = "C8"


# %% q6: one element that fits is enough
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    e = msr.FiniteGroup(table).identity
    for k in range(n):
        rho = torch.zeros(n, n).to(U)
        rho[table[k], torch.arange(n)] = 1
        if k != e and ((rho @ W - W @ rho).abs() <= tolerance).all():
            return True
    return n == 1


mystery_group = "C8"


# %% q6: floats are compared exactly
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    for column in U.T:
        W = column.reshape(n, n)
        for k in range(n):
            if not torch.equal(W[table[k]][:, table[k]], W):
                return False
    return True


mystery_group = "C8"


# %% q6: a fixed tolerance
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    return all(
        bool(((W[:, row][:, :, row] - W).abs() <= 1e-6).all()) for row in table.tolist()
    )


mystery_group = "C8"


# %% q6: differences cancel in a mean
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    rho = torch.stack([torch.eye(n).to(U)[row].T for row in table])
    W = U.T.reshape(-1, 1, n, n)
    return bool((rho @ W - W @ rho).mean().abs() <= tolerance)


mystery_group = "C8"


# %% q6: the mean difference in place of the largest
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    rho = torch.stack([torch.eye(n).to(U)[row].T for row in table])
    W = U.T.reshape(-1, 1, n, n)
    return bool((rho @ W - W @ rho).abs().mean() <= tolerance)


mystery_group = "C8"


# %% q6: all convolutions are asked for
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    if U.shape[1] != n or torch.linalg.matrix_rank(U) < n:
        return False
    V = msr.group_convolution_matrix(msr.FiniteGroup(table)).to(U)
    fitted = V @ torch.linalg.lstsq(V, U).solution
    return bool((fitted - U).abs().max() <= tolerance)


mystery_group = "C8"


# %% q6: columns in any order, but not mixed
def belongs(U, table, tolerance=1e-6):
    V = msr.group_convolution_matrix(msr.FiniteGroup(table)).to(U)
    return all(
        any((column - other).abs().max() <= tolerance for other in V.T) for column in U.T
    )


mystery_group = "C8"


# %% q6: four elements, as in the public example
def belongs(U, table, tolerance=1e-6):
    for column in U.T:
        W = column.reshape(4, 4)
        for k in range(4):
            if (W[table[k]][:, table[k]] - W).abs().max() > tolerance:
                return False
    return True


mystery_group = "C8"


# %% q6: shifts, whatever the group
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    return bool((W.roll((1, 1), (1, 2)) - W).abs().max() <= tolerance)


mystery_group = "C8"


# %% q6: reshaped without a transpose
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.reshape(-1, n, n)
    return all(bool(((W[:, r][:, :, r] - W).abs() <= tolerance).all()) for r in table)


mystery_group = "C8"


# %% q6: small entries are set to zero in place
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    U[U.abs() < tolerance / 4] = 0
    W = U.T.reshape(-1, n, n)
    return all(bool(((W[:, r][:, :, r] - W).abs() <= tolerance).all()) for r in table)


mystery_group = "C8"


# %% q6: subtracts the moved layers from U itself
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.reshape(n, n, -1)
    start = W.clone()
    largest = 0.0
    for row in table:
        W[:] = start
        W -= start[row][:, row]
        if W.numel():
            largest = max(largest, float(W.abs().max()))
    return largest <= tolerance


mystery_group = "C8"


# %% q6: the mystery of another version
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    return all(bool(((W[:, r][:, :, r] - W).abs() <= tolerance).all()) for r in table)


mystery_group = "C4xC2"


# %% q6: the mystery of seed 7
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    return all(bool(((W[:, r][:, :, r] - W).abs() <= tolerance).all()) for r in table)


mystery_U = coursework.mystery_sharing(7)
(mystery_group,) = [
    name for name, group in candidates.items() if belongs(mystery_U, group.table)
]


# %% q6: the mystery's last candidate
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    return all(bool(((W[:, r][:, :, r] - W).abs() <= tolerance).all()) for r in table)


for name in candidates:
    if belongs(mystery_U, candidates[name].table):
        found = name
mystery_group = name


# %% q6: the mystery's group in place of its name
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    return all(bool(((W[:, r][:, :, r] - W).abs() <= tolerance).all()) for r in table)


mystery_group = candidates["C8"]


# %% q6: the mystery's name is spelled otherwise
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    return all(bool(((W[:, r][:, :, r] - W).abs() <= tolerance).all()) for r in table)


mystery_group = "Z/8"


# %% q6: all names that are possible for the mystery
def belongs(U, table, tolerance=1e-6):
    n = len(table)
    W = U.T.reshape(-1, n, n)
    return all(bool(((W[:, r][:, :, r] - W).abs() <= tolerance).all()) for r in table)


mystery_group = [name for name in candidates if belongs(mystery_U, candidates[name].table)]
