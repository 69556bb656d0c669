"""Right answers to assignment 1 in many styles: each has to earn its points."""


# %% q1: loops over nested lists
def is_group(table):
    t = [[int(product) for product in row] for row in table]
    n = len(t)
    for row in t:
        for product in row:
            if product < 0 or product >= n:
                return False
    e = -1
    for a in range(n):
        if all(t[a][b] == b and t[b][a] == b for b in range(n)):
            e = a
    if e == -1:
        return False
    for a in range(n):
        if not any(t[a][b] == e and t[b][a] == e for b in range(n)):
            return False
    for a in range(n):
        for b in range(n):
            for c in range(n):
                if t[t[a][b]][c] != t[a][t[b][c]]:
                    return False
    return True


# %% q1: vectorized
def is_group(table):
    n = table.shape[0]
    everyone = torch.arange(n)
    if not ((table >= 0) & (table < n)).all():
        return False
    is_left = (table == everyone).all(dim=1)
    is_right = (table.T == everyone).all(dim=1)
    identities = torch.where(is_left & is_right)[0]
    if identities.numel() == 0:
        return False
    is_identity = table == identities[0]
    has_inverse = (is_identity & is_identity.T).any(dim=1).all()
    associative = (table[table] == table[:, table]).all()
    return (has_inverse & associative).item()


# %% q1: numpy, by way of latin squares
def is_group(table):
    import numpy as np

    t = table.numpy()
    n = len(t)
    everyone = np.arange(n)
    # an associative latin square is a group: it can be solved for the identity
    for square in (t, t.T):
        if not (np.sort(square, axis=1) == everyone).all():
            return False
    return np.array_equal(t[t], np.take(t, t, axis=1))


# %% q1: one-sided axioms, which suffice together
def is_group(table):
    t = table.tolist()
    G = range(len(t))
    closed = all(t[a][b] in G for a in G for b in G)
    return closed and (
        all(t[t[a][b]][c] == t[a][t[b][c]] for a in G for b in G for c in G)
        and any(
            all(t[e][a] == a for a in G) and all(any(t[b][a] == e for b in G) for a in G)
            for e in G
        )
    )


# %% q1: helper functions, and a truth value of torch
def closed(table):
    return table.min() >= 0 and table.max() < len(table)


def find_identity(table):
    for e in range(len(table)):
        if (table[e] == torch.arange(len(table))).all():
            if (table[:, e] == torch.arange(len(table))).all():
                return e
    return None


def is_group(table):
    if not closed(table):
        return False
    e = find_identity(table)
    if e is None:
        return False
    inverses = (table == e).sum(0) >= 1
    return inverses.all() and (table[table] == table[:, table]).all()


# %% q2: loops
def permutation_matrices(action):
    n, p = action.shape
    matrices = torch.zeros(n, p, p)
    for g in range(n):
        for i in range(p):
            matrices[g, action[g, i], i] = 1
    return matrices


# %% q2: one-hot, transposed
def permutation_matrices(action):
    p = action.shape[1]
    return torch.nn.functional.one_hot(action, p).mT.float()


# %% q2: a comparison, in numpy
def permutation_matrices(action):
    import numpy as np

    images = action.numpy()
    points = np.arange(images.shape[1])
    return (images[:, None, :] == points[None, :, None]).astype(np.float64)


# %% q2: nested lists
def permutation_matrices(action):
    t = action.tolist()
    points = range(len(t[0]))
    return [[[1.0 if row[i] == j else 0.0 for i in points] for j in points] for row in t]


# %% q2: whole columns of the identity
def permutation_matrices(action):
    eye = torch.eye(action.shape[1])
    return torch.stack([eye[:, images] for images in action])


# %% q2: scattered
def permutation_matrices(action):
    n, p = action.shape
    return torch.zeros(n, p, p).scatter(1, action[:, None], 1.0)


# %% q3: loops
def is_representation(table, matrices):
    n = len(table)
    for a in range(n):
        if torch.linalg.matrix_rank(matrices[a]) < matrices.shape[1]:
            return False
        for b in range(n):
            difference = matrices[a] @ matrices[b] - matrices[int(table[a, b])]
            if difference.abs().max() > 1e-6:
                return False
    return True


# %% q3: vectorized, with the identity's matrix
def is_representation(table, matrices):
    n, d = len(table), matrices.shape[-1]
    e = (table == torch.arange(n)).all(1).nonzero().item()
    products = torch.einsum("aij,bjk->abik", matrices, matrices)
    homomorphism = torch.allclose(products, matrices[table], rtol=0, atol=1e-6)
    identity = torch.allclose(matrices[e], torch.eye(d).to(matrices), rtol=0, atol=1e-6)
    return homomorphism and identity


# %% q3: numpy, with determinants
def is_representation(table, matrices):
    import numpy as np

    t, rho = table.numpy(), matrices.numpy()
    if np.any(np.abs(np.linalg.det(rho)) < 1e-3):
        return False
    products = rho[:, None] @ rho[None, :]
    return np.abs(products - rho[t]).max() <= 1e-6


# %% q3: nested lists
def is_representation(table, matrices):
    t, rho = table.tolist(), matrices.tolist()
    n, d = len(t), len(rho[0])
    elements, axes = range(n), range(d)
    (e,) = [a for a in elements if t[a] == list(elements)]
    for i in axes:
        for j in axes:
            if abs(rho[e][i][j] - (i == j)) > 1e-6:
                return False
    for a in elements:
        for b in elements:
            for i in axes:
                for j in axes:
                    entry = sum(rho[a][i][k] * rho[b][k][j] for k in axes)
                    if abs(entry - rho[t[a][b]][i][j]) > 1e-6:
                        return False
    return True


# %% q3: a helper, and a tensor as the answer
def same(A, B):
    return (A - B).abs().max() <= 1e-6


def is_representation(table, matrices):
    everyone = range(len(table))
    invertible = torch.linalg.svdvals(matrices).min() > 1e-6
    return invertible & all(
        same(matrices[table[a, b]], matrices[a] @ matrices[b])
        for a in everyone
        for b in everyone
    )


# %% q3: single precision
def is_representation(table, matrices):
    rho = matrices.float()
    if (torch.linalg.matrix_rank(rho) < rho.shape[-1]).any():
        return False
    products = rho[:, None] @ rho[None]
    return bool((products - rho[table]).abs().max() <= 1e-6)


# %% q4: a loop over elements
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = torch.zeros(len(rho_in)).to(y)
    for g in range(len(rho_in)):
        expected = y @ rho_out[g].T
        errors[g] = (f(x @ rho_in[g].T) - expected).norm() / expected.norm()
    return errors


# %% q4: einsum
def equivariance_error(f, rho_in, rho_out, x):
    expected = torch.einsum("gij,bj->gbi", rho_out, f(x))
    moved = torch.einsum("gij,bj->gbi", rho_in, x)
    above = torch.stack([f(rows) for rows in moved]) - expected
    return above.pow(2).sum((1, 2)).sqrt() / expected.pow(2).sum((1, 2)).sqrt()


# %% q4: columns and a list of numbers
def equivariance_error(f, rho_in, rho_out, x):
    errors = []
    for g in range(rho_in.shape[0]):
        moved = (rho_in[g] @ x.T).T
        target = (rho_out[g] @ f(x).T).T
        above = sum(float(((a - b) ** 2).sum()) for a, b in zip(f(moved), target))
        below = sum(float((b**2).sum()) for b in target)
        errors.append((above / below) ** 0.5)
    return errors


# %% q4: row by row, each a batch of one
def equivariance_error(f, rho_in, rho_out, x):
    errors = []
    for a, b in zip(rho_in, rho_out):
        differences, targets = [], []
        for i in range(len(x)):
            target = f(x[i : i + 1]) @ b.T
            differences.append(f((a @ x[i])[None]) - target)
            targets.append(target)
        errors.append(torch.cat(differences).norm() / torch.cat(targets).norm())
    return torch.tensor(errors)


# %% q4: norms in single precision, in numpy
def equivariance_error(f, rho_in, rho_out, x):
    import numpy as np

    errors = np.zeros(len(rho_in), dtype=np.float32)
    for g, (a, b) in enumerate(zip(rho_in, rho_out)):
        target = (f(x) @ b.T).detach().numpy().astype(np.float32)
        moved = f(x @ a.T).detach().numpy().astype(np.float32)
        errors[g] = np.linalg.norm(moved - target) / np.linalg.norm(target)
    return errors


# %% q4: vmap over the group
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)

    def error(moved, b):
        target = y @ b.T
        return ((moved - target).square().sum() / target.square().sum()).sqrt()

    moved = torch.stack([f(x @ a.T) for a in rho_in])
    return torch.vmap(error)(moved, rho_out)


# %% q4: single precision throughout
def equivariance_error(f, rho_in, rho_out, x):
    rho_in, rho_out, x = rho_in.float(), rho_out.float(), x.float()
    errors = []
    for a, b in zip(rho_in, rho_out):
        target = f(x) @ b.T
        errors.append((f(x @ a.T) - target).norm() / target.norm())
    return torch.stack(errors)


# %% q5: with question 4
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [g for g, error in enumerate(errors) if error <= tolerance]


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(50, 25))


# %% q5: nonzero
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return torch.nonzero(errors <= tolerance).flatten().tolist()


mystery_symmetries = [0, 6]


# %% q5: from scratch in numpy, without a division
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    import numpy as np

    found = []
    for g in range(len(rho_in)):
        target = (f(x) @ rho_out[g].T).detach().numpy()
        moved = f(x @ rho_in[g].T).detach().numpy()
        if np.linalg.norm(moved - target) <= tolerance * np.linalg.norm(target):
            found.append(g)
    return sorted(found)


mystery_symmetries = symmetries(mystery, turns, turns, torch.rand(7, 25))


# %% q5: integers of numpy
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    import numpy as np

    errors = np.array([float(e) for e in equivariance_error(f, rho_in, rho_out, x)])
    return list(np.flatnonzero(errors <= tolerance))


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(50, 25))


# %% q5: the mystery with msr.equivariance_error
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    y = f(x)

    def error(g):
        target = y @ rho_out[g].T
        return (f(x @ rho_in[g].T) - target).norm() / target.norm()

    return list(filter(lambda g: error(g) <= tolerance, range(len(rho_in))))


rho = msr.Representation(D4, turns)
errors = msr.equivariance_error(mystery, rho, rho, torch.randn(3, 25))
mystery_symmetries = [g for g in range(8) if errors[g] < 1e-9]


# %% q6: inverse on outputs
def symmetrize(f, rho_in, rho_out):
    def average(x):
        terms = []
        for a, b in zip(rho_in, rho_out):
            terms.append(f(x @ a.T) @ torch.linalg.inv(b).T)
        return torch.stack(terms).mean(0)

    return average


# %% q6: inverse on inputs
def symmetrize(f, rho_in, rho_out):
    back = [torch.linalg.inv(matrix) for matrix in rho_in]
    return lambda x: sum(f(x @ a.T) @ b.T for a, b in zip(back, rho_out)) / len(back)


# %% q6: systems of equations, columns
def symmetrize(f, rho_in, rho_out):
    def average(x):
        total = 0.0
        for g in range(len(rho_in)):
            y = f((rho_in[g] @ x.T).T)
            total = total + torch.linalg.solve(rho_out[g], y.T).T
        return total / len(rho_in)

    return average


# %% q6: einsum
def symmetrize(f, rho_in, rho_out):
    back = torch.linalg.inv(rho_out)

    def average(x):
        moved = torch.einsum("gij,bj->gbi", rho_in, x)
        y = torch.stack([f(rows) for rows in moved])
        return torch.einsum("gij,gbj->bi", back, y) / len(back)

    return average


# %% q6: all rows in one call
def symmetrize(f, rho_in, rho_out):
    order, n, _ = rho_in.shape
    back = torch.linalg.inv(rho_out)

    def average(x):
        moved = (x @ rho_in.mT).reshape(-1, n)
        y = f(moved).reshape(order, len(x), -1)
        return (y @ back.mT).mean(0)

    return average


# %% q6: a module
class Symmetrized(torch.nn.Module):
    def __init__(self, f, rho_in, rho_out):
        super().__init__()
        self.f = f
        self.rho_in = rho_in
        self.back = torch.linalg.pinv(rho_out)

    def forward(self, x):
        y = self.f(x @ self.rho_in[0].T) @ self.back[0].T
        for a, b in zip(self.rho_in[1:], self.back[1:]):
            y = y + self.f(x @ a.T) @ b.T
        return y / len(self.rho_in)


def symmetrize(f, rho_in, rho_out):
    return Symmetrized(f, rho_in, rho_out)


# %% q6: single precision throughout
def symmetrize(f, rho_in, rho_out):
    there, back = rho_in.float(), torch.linalg.inv(rho_out.float())

    def average(x):
        terms = [f(x.float() @ a.T) @ b.T for a, b in zip(there, back)]
        return torch.stack(terms).mean(0)

    return average
