"""Wrong answers to assignment 1, as students hand them in: each has to lose its points."""


# %% q1: closure is not checked
def is_group(table):
    n = len(table)
    e = None
    for a in range(n):
        if all(table[a, b] == b and table[b, a] == b for b in range(n)):
            e = a
    if e is None:
        return False
    for a in range(n):
        if not any(table[a, b] == e and table[b, a] == e for b in range(n)):
            return False
        for b in range(n):
            for c in range(n):
                if table[table[a, b], c] != table[a, table[b, c]]:
                    return False
    return True


# %% q1: a product far below 0 raises an error
def is_group(table):
    n = len(table)
    if table.max() >= n:
        return False
    everyone = torch.arange(n)
    left = (table == everyone).all(1)
    right = (table == everyone[:, None]).all(0)
    identity = (left & right).nonzero().flatten()
    if len(identity) == 0:
        return False
    e = identity[0]
    has_inverse = ((table == e) & (table.T == e)).any(1)
    associative = torch.equal(table[table], table[:, table])
    return bool(has_inverse.all()) and associative


# %% q1: associativity is not checked
def is_group(table):
    n = len(table)
    if table.min() < 0 or table.max() >= n:
        return False
    for e in range(n):
        if all(table[e, a] == a and table[a, e] == a for a in range(n)):
            return all(
                any(table[a, b] == e and table[b, a] == e for b in range(n))
                for a in range(n)
            )
    return False


# %% q1: a latin square with an identity counts as a group
def is_group(table):
    n = len(table)
    everyone = set(range(n))
    rows = table.tolist()
    columns = table.T.tolist()
    if any(set(row) != everyone for row in rows):
        return False
    if any(set(column) != everyone for column in columns):
        return False
    ordered = list(range(n))
    return any(rows[e] == ordered and columns[e] == ordered for e in range(n))


# %% q1: the identity has to be element 0
def is_group(table):
    t = table.tolist()
    n = len(t)
    if any(not 0 <= p < n for row in t for p in row):
        return False
    if t[0] != list(range(n)) or [row[0] for row in t] != list(range(n)):
        return False
    for a in range(n):
        if 0 not in t[a]:
            return False
        for b in range(n):
            for c in range(n):
                if t[t[a][b]][c] != t[a][t[b][c]]:
                    return False
    return True


# %% q1: inverses are not checked
def is_group(table):
    n = len(table)
    if (table < 0).any() or (table >= n).any():
        return False
    if not torch.equal(table[table], table[:, table]):
        return False
    everyone = torch.arange(n)
    return any(
        torch.equal(table[e], everyone) and torch.equal(table[:, e], everyone)
        for e in range(n)
    )


# %% q1: identity from the left only, inverses from the right only
def is_group(table):
    n = len(table)
    t = table.tolist()
    G = range(n)
    if not all(t[a][b] in G for a in G for b in G):
        return False
    associative = all(t[t[a][b]][c] == t[a][t[b][c]] for a in G for b in G for c in G)
    identities = [e for e in range(n) if t[e] == list(range(n))]
    if not associative or not identities:
        return False
    e = identities[0]
    return all(e in t[a] for a in range(n))


# %% q1: no identity is asked for
def is_group(table):
    n = len(table)
    if table.min() < 0 or table.max() > n - 1:
        return False
    for a in range(n):
        for b in range(n):
            for c in range(n):
                if table[table[a, b], c] != table[a, table[b, c]]:
                    return False
    return True


# %% q1: every group has to be commutative
def is_group(table):
    n = len(table)
    if table.min() < 0 or table.max() >= n or not torch.equal(table, table.T):
        return False
    if not torch.equal(table[table], table[:, table]):
        return False
    e = [a for a in range(n) if torch.equal(table[a], torch.arange(n))]
    return len(e) == 1 and bool((table == e[0]).any(1).all())


# %% q1: associativity is checked for a = b only
def is_group(table):
    n = len(table)
    t = table.tolist()
    if sorted(set(sum(t, []))) != list(range(n)):
        return False
    for a in range(n):
        for b in range(n):
            if t[t[a][a]][b] != t[a][t[a][b]]:
                return False
    for e in range(n):
        if t[e] == list(range(n)) and [row[e] for row in t] == t[e]:
            return all(e in row for row in t)
    return False


# %% q1: written for tables of four elements
def is_group(table):
    elements = range(4)
    for a in elements:
        for b in elements:
            if int(table[a, b]) not in elements:
                return False
            for c in elements:
                if table[table[a, b], c] != table[a, table[b, c]]:
                    return False
    for e in elements:
        if all(table[e, a] == a and table[a, e] == a for a in elements):
            return all(any(table[a, b] == e for b in elements) for a in elements)
    return False


# %% q1: associativity of the first four elements only
def is_group(table):
    n = len(table)
    if table.min() < 0 or table.max() >= n:
        return False
    few = range(min(n, 4))
    for a in few:
        for b in few:
            for c in few:
                if table[table[a, b], c] != table[a, table[b, c]]:
                    return False
    everyone = torch.arange(n)
    for e in range(n):
        if torch.equal(table[e], everyone) and torch.equal(table[:, e], everyone):
            return bool((table == e).any(1).all() and (table == e).any(0).all())
    return False


# %% q1: the identity and the inverses of the public example
def is_group(table):
    n = len(table)
    if table.min() < 0 or table.max() >= n:
        return False
    return all(table[0, a] == a and table[a, (n - a) % n] == 0 for a in range(n))


# %% q1: sorts the rows of the table in place
def is_group(table):
    n = len(table)
    if table.min() < 0 or table.max() >= n:
        return False
    if not torch.equal(table[table], table[:, table]):
        return False
    everyone = torch.arange(n)
    if not any(
        torch.equal(table[e], everyone) and torch.equal(table[:, e], everyone)
        for e in range(n)
    ):
        return False
    rows = table.numpy()
    rows.sort(axis=1)  # every element has to be in every row
    return bool((rows == everyone.numpy()).all())


# %% q1: a group of one element is none
def is_group(table):
    n = len(table)
    if n < 2 or table.min() < 0 or table.max() >= n:
        return False
    if not torch.equal(table[table], table[:, table]):
        return False
    everyone = torch.arange(n)
    for e in range(n):
        if torch.equal(table[e], everyone) and torch.equal(table[:, e], everyone):
            return bool(((table == e) & (table.T == e)).any(1).all())
    return False


# %% q1: gives the identity, which may be 0
def is_group(table):
    n = len(table)
    if table.min() < 0 or table.max() >= n:
        return False
    if not torch.equal(table[table], table[:, table]):
        return False
    everyone = torch.arange(n)
    for e in range(n):
        if torch.equal(table[e], everyone) and torch.equal(table[:, e], everyone):
            return e if ((table == e) & (table.T == e)).any(1).all() else False
    return False


# %% q1: lets msr.FiniteGroup check
def is_group(table):
    try:
        msr.FiniteGroup(table)
    except ValueError:
        return False
    return True


# %% q1: FiniteGroup by another door
def is_group(table):
    from msr.groups import FiniteGroup

    try:
        FiniteGroup(table)
    except ValueError:
        return False
    return True


# %% q2: transposed
def permutation_matrices(action):
    p = action.shape[1]
    return torch.eye(p)[action]


# %% q2: transposed in loops
def permutation_matrices(action):
    n, p = action.shape
    matrices = torch.zeros(n, p, p)
    for g in range(n):
        for i in range(p):
            matrices[g, i, action[g, i]] = 1
    return matrices


# %% q2: the matrices of the inverses
def permutation_matrices(action):
    n, p = action.shape
    comes_from = torch.argsort(action, dim=1)
    matrices = torch.zeros(n, p, p)
    for g in range(n):
        matrices[g, comes_from[g], torch.arange(p)] = 1
    return matrices


# %% q2: as many points as elements
def permutation_matrices(action):
    n = len(action)
    rho = torch.zeros(n, n, n)
    for g in range(n):
        for i in range(n):
            rho[g, action[g, i], i] = 1
    return rho


# %% q2: three points, as in the public example
def permutation_matrices(action):
    rho = torch.zeros(len(action), 3, 3)
    for g in range(len(action)):
        for i in range(3):
            rho[g, action[g, i], i] = 1.0
    return rho


# %% q2: two elements, as in the public example
def permutation_matrices(action):
    p = action.shape[1]
    one = torch.nn.functional.one_hot(action[0], p).T
    two = torch.nn.functional.one_hot(action[1], p).T
    return torch.stack([one, two]).double()


# %% q2: all elements share the same rows
def permutation_matrices(action):
    p = action.shape[1]
    matrices = [[[0.0] * p] * p] * len(action)
    for g, images in enumerate(action.tolist()):
        for i, image in enumerate(images):
            matrices[g][image][i] = 1.0
    return torch.tensor(matrices)


# %% q2: one matrix is filled for all elements
def permutation_matrices(action):
    n, p = action.shape
    matrix = torch.zeros(p, p)
    matrices = []
    for g in range(n):
        for i in range(p):
            matrix[action[g, i], i] = 1
        matrices.append(matrix)
    return torch.stack(matrices)


# %% q2: turns the action into flat positions in place
def permutation_matrices(action):
    n, p = action.shape
    action *= p
    action += torch.arange(p)
    matrices = torch.zeros(n, p * p)
    matrices.scatter_(1, action, 1.0)
    return matrices.reshape(n, p, p)


# %% q2: flat, without a matrix per element
def permutation_matrices(action):
    n, p = action.shape
    matrices = torch.zeros(n, p, p)
    for g in range(n):
        matrices[g, action[g], torch.arange(p)] = 1
    return matrices.reshape(n, p * p)


# %% q2: squeezed where there is one point
def permutation_matrices(action):
    n, p = action.shape
    matrices = torch.zeros(n, p, p)
    for g in range(n):
        matrices[g, action[g], torch.arange(p)] = 1
    return matrices.squeeze()


# %% q2: sorted by where the first point goes
def permutation_matrices(action):
    p = action.shape[1]
    rows = sorted(action.tolist())
    matrices = []
    for row in rows:
        matrix = torch.zeros(p, p)
        for i in range(p):
            matrix[row[i], i] = 1
        matrices.append(matrix)
    return torch.stack(matrices)


# %% q2: msr.regular
def permutation_matrices(action):
    return msr.regular(msr.FiniteGroup(action)).matrices


# %% q2: msr.permutation_representation on a group found by trial
def permutation_matrices(action):
    for group in msr.small_groups().values():
        try:
            return msr.permutation_representation(group, action).matrices
        except ValueError:
            pass
    n, p = action.shape
    rho = torch.zeros(n, p, p)
    for g in range(n):
        rho[g, action[g], torch.arange(p)] = 1
    return rho


# %% q3: transposed matrices are not noticed
def is_representation(table, matrices):
    n = len(table)
    d = matrices.shape[1]
    for a in range(n):
        if torch.linalg.matrix_rank(matrices[a]) < d:
            return False
        for b in range(n):
            product = matrices[b] @ matrices[a]
            if (matrices[table[a, b]] - product).abs().max() > 1e-6:
                return False
    return True


# %% q3: floats are compared exactly
def is_representation(table, matrices):
    n = len(table)
    for a in range(n):
        if torch.linalg.det(matrices[a]) == 0:
            return False
        for b in range(n):
            if not torch.equal(matrices[table[a, b]], matrices[a] @ matrices[b]):
                return False
    return True


# %% q3: the default tolerance of allclose
def is_representation(table, matrices):
    d = matrices.shape[-1]
    for a, row in enumerate(table.tolist()):
        if torch.linalg.matrix_rank(matrices[a]) < d:
            return False
        for b, ab in enumerate(row):
            if not torch.allclose(matrices[ab], matrices[a] @ matrices[b]):
                return False
    return True


# %% q3: matrices need not be invertible
def is_representation(table, matrices):
    products = matrices[:, None] @ matrices[None]
    return bool(((matrices[table] - products).abs() <= 1e-6).all())


# %% q3: only the zero matrix is ruled out
def is_representation(table, matrices):
    if any(matrix.abs().max() < 1e-6 for matrix in matrices):
        return False
    products = torch.einsum("aij,bjk->abik", matrices, matrices)
    return bool((products - matrices[table]).abs().max() <= 1e-6)


# %% q3: element 0 has to be the identity
def is_representation(table, matrices):
    d = matrices.shape[-1]
    if (matrices[0] - torch.eye(d).to(matrices)).abs().max() > 1e-6:
        return False
    n = len(table)
    return all(
        (matrices[table[a, b]] - matrices[a] @ matrices[b]).abs().max() <= 1e-6
        for a in range(n)
        for b in range(n)
    )


# %% q3: the sign of the difference is forgotten
def is_representation(table, matrices):
    n = len(table)
    for a in range(n):
        if torch.linalg.det(matrices[a]).abs() < 1e-6:
            return False
        for b in range(n):
            if (matrices[table[a, b]] - matrices[a] @ matrices[b]).max() > 1e-6:
                return False
    return True


# %% q3: differences cancel in a sum
def is_representation(table, matrices):
    n = len(table)
    for a in range(n):
        if torch.linalg.matrix_rank(matrices[a]) < len(matrices[a]):
            return False
        for b in range(n):
            difference = matrices[table[a, b]] - matrices[a] @ matrices[b]
            if difference.sum().abs() > 1e-6:
                return False
    return True


# %% q3: only the determinants are multiplicative
def is_representation(table, matrices):
    det = torch.linalg.det(matrices)
    if (det.abs() < 1e-6).any():
        return False
    return bool((det[table] - det[:, None] * det[None]).abs().max() <= 1e-6)


# %% q3: only identity and inverses are compared
def is_representation(table, matrices):
    n = len(table)
    eye = torch.eye(matrices.shape[-1]).to(matrices)
    e = [a for a in range(n) if table[a].tolist() == list(range(n))][0]
    if (matrices[e] - eye).abs().max() > 1e-6:
        return False
    for a in range(n):
        inverse = table[a].tolist().index(e)
        if (matrices[a] @ matrices[inverse] - eye).abs().max() > 1e-6:
            return False
    return True


# %% q3: only squares are compared
def is_representation(table, matrices):
    for g in range(len(table)):
        if torch.linalg.matrix_rank(matrices[g]) < matrices.shape[-1]:
            return False
        square = matrices[g] @ matrices[g]
        if (matrices[table[g, g]] - square).abs().max() > 1e-6:
            return False
    return True


# %% q3: matrices have to be orthogonal
def is_representation(table, matrices):
    eye = torch.eye(matrices.shape[-1]).to(matrices)
    if (matrices @ matrices.mT - eye).abs().max() > 1e-6:
        return False
    products = matrices[:, None] @ matrices[None]
    return bool(((matrices[table] - products).abs() <= 1e-6).all())


# %% q3: determinants have to be 1
def is_representation(table, matrices):
    if (torch.linalg.det(matrices).abs() - 1).abs().max() > 1e-6:
        return False
    if (torch.linalg.det(matrices) < 0).any() and matrices.shape[-1] > 1:
        return False
    products = matrices[:, None] @ matrices[None]
    return bool(((matrices[table] - products).abs() <= 1e-6).all())


# %% q3: different elements need different matrices
def is_representation(table, matrices):
    n = len(table)
    products = matrices[:, None] @ matrices[None]
    if not ((matrices[table] - products).abs() <= 1e-6).all():
        return False
    for a in range(n):
        for b in range(a):
            if (matrices[a] - matrices[b]).abs().max() <= 1e-6:
                return False
    return True


# %% q3: numbers, as in the public example
def is_representation(table, matrices):
    chi = matrices[:, 0, 0]
    if (chi.abs() < 1e-6).any():
        return False
    return bool(((chi[table] - chi[:, None] * chi).abs() <= 1e-6).all())


# %% q3: written for a group of two elements
def is_representation(table, matrices):
    eye = torch.eye(matrices.shape[-1]).to(matrices)
    e = int(table[0, 0])
    if (matrices[e] - eye).abs().max() > 1e-6:
        return False
    other = matrices[1 - e]
    return bool((other @ other - eye).abs().max() <= 1e-6)


# %% q3: rounds the matrices in place
def is_representation(table, matrices):
    matrices.round_(decimals=9)
    d = matrices.shape[-1]
    if (torch.linalg.matrix_rank(matrices) < d).any():
        return False
    products = matrices[:, None] @ matrices[None]
    return bool(((matrices[table] - products).abs() <= 1e-6).all())


# %% q3: says yes or no in words
def is_representation(table, matrices):
    products = matrices[:, None] @ matrices[None]
    same = (matrices[table] - products).abs().max() <= 1e-6
    invertible = (torch.linalg.matrix_rank(matrices) == matrices.shape[-1]).all()
    return "yes" if same and invertible else "no"


# %% q3: a verdict per pair
def is_representation(table, matrices):
    products = matrices[:, None] @ matrices[None]
    same = ((matrices[table] - products).abs() <= 1e-6).all(-1).all(-1)
    invertible = torch.linalg.matrix_rank(matrices) == matrices.shape[-1]
    return [bool(s) and bool(i) for row in same for s, i in zip(row, invertible)]


# %% q3: lets msr.Representation check
def is_representation(table, matrices):
    try:
        msr.Representation(msr.FiniteGroup(table), matrices)
    except ValueError:
        return False
    return True


# %% q4: absolute errors
def equivariance_error(f, rho_in, rho_out, x):
    errors = []
    for a, b in zip(rho_in, rho_out):
        errors.append((f(x @ a.T) - f(x) @ b.T).norm())
    return torch.stack(errors)


# %% q4: rows are multiplied by the matrix itself
def equivariance_error(f, rho_in, rho_out, x):
    errors = []
    for g in range(len(rho_in)):
        expected = f(x) @ rho_out[g]
        errors.append((f(x @ rho_in[g]) - expected).norm() / expected.norm())
    return torch.stack(errors)


# %% q4: the transpose is forgotten on outputs
def equivariance_error(f, rho_in, rho_out, x):
    errors = []
    for g in range(len(rho_in)):
        expected = f(x) @ rho_out[g]
        errors.append((f(x @ rho_in[g].T) - expected).norm() / expected.norm())
    return torch.stack(errors)


# %% q4: a mean of errors per row
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = torch.zeros(len(rho_in)).to(y)
    for g in range(len(rho_in)):
        expected = y @ rho_out[g].T
        difference = f(x @ rho_in[g].T) - expected
        errors[g] = (difference.norm(dim=1) / expected.norm(dim=1)).mean()
    return errors


# %% q4: no square root
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = y @ b.T
        difference = f(x @ a.T) - expected
        errors.append((difference**2).sum() / (expected**2).sum())
    return torch.stack(errors)


# %% q4: the mean in the numerator, the sum in the denominator
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = y @ b.T
        difference = f(x @ a.T) - expected
        errors.append(difference.square().mean().sqrt() / expected.norm())
    return torch.stack(errors)


# %% q4: relative to the output for moved inputs
def equivariance_error(f, rho_in, rho_out, x):
    errors = []
    for a, b in zip(rho_in, rho_out):
        moved = f(x @ a.T)
        errors.append((moved - f(x) @ b.T).norm() / moved.norm())
    return torch.stack(errors)


# %% q4: relative to the output that is not moved
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        errors.append((f(x @ a.T) - y @ b.T).norm() / y.norm())
    return torch.stack(errors)


# %% q4: in and out are exchanged
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for a, b in zip(rho_out, rho_in):
        expected = y @ b.T
        errors.append((f(x @ a.T) - expected).norm() / expected.norm())
    return torch.stack(errors)


# %% q4: outputs move as inputs do
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for rho in rho_in:
        expected = y @ rho.T
        errors.append((f(x @ rho.T) - expected).norm() / expected.norm())
    return torch.stack(errors)


# %% q4: the largest error of all
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = y @ b.T
        errors.append((f(x @ a.T) - expected).norm() / expected.norm())
    return torch.stack(errors).max().expand(len(rho_in))


# %% q4: one number only
def equivariance_error(f, rho_in, rho_out, x):
    expected = torch.einsum("gij,bj->gbi", rho_out, f(x))
    moved = torch.stack([f(x @ rho.T) for rho in rho_in])
    return (moved - expected).norm() / expected.norm()


# %% q4: the largest entry in place of the norm
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = y @ b.T
        errors.append((f(x @ a.T) - expected).abs().max() / expected.abs().max())
    return torch.stack(errors)


# %% q4: the spectral norm
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = y @ b.T
        difference = torch.linalg.matrix_norm(f(x @ a.T) - expected, 2)
        errors.append(difference / torch.linalg.matrix_norm(expected, 2))
    return torch.stack(errors)


# %% q4: small outputs are compared with 1
def equivariance_error(f, rho_in, rho_out, x):
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = y @ b.T
        scale = expected.norm().clamp(min=1.0)
        errors.append((f(x @ a.T) - expected).norm() / scale)
    return torch.stack(errors)


# %% q4: four elements, as in the public example
def equivariance_error(f, rho_in, rho_out, x):
    errors = torch.zeros(4)
    for g in range(4):
        expected = f(x) @ rho_out[g].T
        errors[g] = (f(x @ rho_in[g].T) - expected).norm() / expected.norm()
    return errors


# %% q4: the first row only
def equivariance_error(f, rho_in, rho_out, x):
    x = x[:1]
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = y @ b.T
        errors.append((f(x @ a.T) - expected).norm() / expected.norm())
    return torch.stack(errors)


# %% q4: f gets vectors in place of a batch
def equivariance_error(f, rho_in, rho_out, x):
    errors = []
    for a, b in zip(rho_in, rho_out):
        above, below = 0.0, 0.0
        for row in x:
            expected = b @ f(row)
            above += (f(a @ row) - expected).square().sum()
            below += expected.square().sum()
        errors.append((above / below).sqrt())
    return torch.stack(errors)


# %% q4: f gets inputs as columns
def equivariance_error(f, rho_in, rho_out, x):
    columns = x.T
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = b @ f(columns)
        errors.append((f(a @ columns) - expected).norm() / expected.norm())
    return torch.stack(errors)


# %% q4: overwrites x by the moved inputs
def equivariance_error(f, rho_in, rho_out, x):
    original = x.clone()
    y = f(original)
    errors = []
    for a, b in zip(rho_in, rho_out):
        x[:] = original @ a.T
        expected = y @ b.T
        errors.append((f(x) - expected).norm() / expected.norm())
    return torch.stack(errors)


# %% q4: transposes the representations in place
def equivariance_error(f, rho_in, rho_out, x):
    rho_in.transpose_(1, 2)
    rho_out.transpose_(1, 2)
    y = f(x)
    errors = []
    for a, b in zip(rho_in, rho_out):
        expected = y @ b
        errors.append((f(x @ a) - expected).norm() / expected.norm())
    return torch.stack(errors)


# %% q4: msr.equivariance_error on a cyclic group
def equivariance_error(f, rho_in, rho_out, x):
    group = msr.cyclic(len(rho_in))
    return msr.equivariance_error(
        f, msr.Representation(group, rho_in), msr.Representation(group, rho_out), x
    )


# %% q4: msr.equivariance_error on representations without a group
class Matrices:
    def __init__(self, matrices):
        self.matrices = matrices
        self.dim = matrices.shape[-1]
        self.group = msr.cyclic(len(matrices))

    def __call__(self, g):
        return self.matrices[g]


def equivariance_error(f, rho_in, rho_out, x):
    return msr.equivariance_error(f, Matrices(rho_in), Matrices(rho_out), x)


# %% q5: a fixed tolerance
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [g for g in range(len(rho_in)) if errors[g] < 1e-6]


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25))


# %% q5: the absolute error
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    found = []
    for g in range(len(rho_in)):
        difference = f(x @ rho_in[g].T) - f(x) @ rho_out[g].T
        if difference.norm() <= tolerance:
            found.append(g)
    return found


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25))


# %% q5: allclose, whatever the tolerance
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    y = f(x)
    return [
        g
        for g, (a, b) in enumerate(zip(rho_in, rho_out))
        if torch.allclose(f(x @ a.T), y @ b.T)
    ]


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25))


# %% q5: one mask per element
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [int(error <= tolerance) for error in errors]


mystery_symmetries = [0, 6]


# %% q5: in the order of the errors
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    order = torch.argsort(errors, descending=True).tolist()
    return [g for g in order if errors[g] <= tolerance]


mystery_symmetries = [0, 6]


# %% q5: the first input only
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x[:1])
    return (errors <= tolerance).nonzero().flatten().tolist()


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25))


# %% q5: outputs move as inputs do
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_in, x)
    return (errors <= tolerance).nonzero().flatten().tolist()


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25))


# %% q5: invariance counts too
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    y = f(x)
    found = []
    for g in range(len(rho_in)):
        moved = f(x @ rho_in[g].T)
        error = (moved - y @ rho_out[g].T).norm() / (y @ rho_out[g].T).norm()
        if error <= tolerance or (moved - y).norm() / y.norm() <= tolerance:
            found.append(g)
    return found


mystery_symmetries = [0, 6]


# %% q5: element 0 is always listed
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [0] + [g for g in range(1, len(errors)) if errors[g] <= tolerance]


mystery_symmetries = [0, 6]


# %% q5: the first eight elements only
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    found = []
    for g in range(min(8, len(rho_in))):
        expected = f(x) @ rho_out[g].T
        error = (f(x @ rho_in[g].T) - expected).norm() / expected.norm()
        if error <= tolerance:
            found.append(g)
    return found


mystery_symmetries = [0, 6]


# %% q5: all elements are listed
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    return list(range(len(rho_in)))


mystery_symmetries = [0, 6]


# %% q5: the mystery's answer is given for every map, and that of the public test
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    return [0, 1, 2, 3] if len(rho_in) == 4 else [0, 6]


mystery_symmetries = [0, 6]


# %% q5: normalizes the inputs in place
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    found = equivariance_error(f, rho_in, rho_out, x) <= tolerance
    x /= x.norm(dim=1, keepdim=True)
    return found.nonzero().flatten().tolist()


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25))


# %% q5: moves the inputs in place
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    start = x.clone()
    y = f(start)
    found = []
    for g in range(len(rho_in)):
        x.copy_(start @ rho_in[g].T)
        expected = y @ rho_out[g].T
        if (f(x) - expected).norm() <= tolerance * expected.norm():
            found.append(g)
    return found


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25))


# %% q5: names in place of numbers
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [g for g in range(len(errors)) if errors[g] <= tolerance]


found = symmetries(mystery, turns, turns, torch.randn(20, 25))
mystery_symmetries = [D4.names[g] for g in found]


# %% q5: the mystery of another version
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [g for g in range(len(errors)) if errors[g] <= tolerance]


mystery_symmetries = [0, 5]


# %% q5: the mystery of seed 1
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [g for g in range(len(errors)) if errors[g] <= tolerance]


mystery = coursework.mystery_layer(1)
mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25))


# %% q5: the mystery's list holds the identity only
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [g for g in range(len(errors)) if errors[g] <= tolerance]


mystery_symmetries = [0]


# %% q5: the mystery with a generous tolerance
def symmetries(f, rho_in, rho_out, x, tolerance=1e-6):
    errors = equivariance_error(f, rho_in, rho_out, x)
    return [g for g in range(len(errors)) if errors[g] <= tolerance]


mystery_symmetries = symmetries(mystery, turns, turns, torch.randn(20, 25), 1.5)


# %% q6: a sum in place of a mean
def symmetrize(f, rho_in, rho_out):
    def average(x):
        total = 0
        for a, b in zip(rho_in, rho_out):
            total = total + f(x @ a.T) @ torch.linalg.inv(b).T
        return total

    return average


# %% q6: divides by two, as fits the public example
def symmetrize(f, rho_in, rho_out):
    def average(x):
        total = 0
        for a, b in zip(rho_in, rho_out):
            total = total + f(x @ a.T) @ torch.linalg.inv(b).T
        return total / 2

    return average


# %% q6: two elements only
def symmetrize(f, rho_in, rho_out):
    def average(x):
        first = f(x @ rho_in[0].T) @ torch.linalg.inv(rho_out[0]).T
        second = f(x @ rho_in[1].T) @ torch.linalg.inv(rho_out[1]).T
        return (first + second) / 2

    return average


# %% q6: the inverse is forgotten
def symmetrize(f, rho_in, rho_out):
    def average(x):
        return torch.stack([f(x @ a.T) @ b.T for a, b in zip(rho_in, rho_out)]).mean(0)

    return average


# %% q6: the transpose in place of the inverse
def symmetrize(f, rho_in, rho_out):
    def average(x):
        return torch.stack([f(x @ a.T) @ b for a, b in zip(rho_in, rho_out)]).mean(0)

    return average


# %% q6: rows times matrices, which is right if they are orthogonal
def symmetrize(f, rho_in, rho_out):
    def average(x):
        terms = [f(x @ a) @ torch.linalg.inv(b) for a, b in zip(rho_in, rho_out)]
        return sum(terms) / len(terms)

    return average


# %% q6: the transpose of inputs is forgotten
def symmetrize(f, rho_in, rho_out):
    def average(x):
        terms = [f(x @ a) @ torch.linalg.inv(b).T for a, b in zip(rho_in, rho_out)]
        return sum(terms) / len(terms)

    return average


# %% q6: averages the inputs
def symmetrize(f, rho_in, rho_out):
    mean = rho_in.mean(0)
    return lambda x: f(x @ mean.T)


# %% q6: averages the inputs, then the outputs
def symmetrize(f, rho_in, rho_out):
    mean_in, mean_out = rho_in.mean(0), rho_out.mean(0)
    return lambda x: f(x @ mean_in.T) @ mean_out.T


# %% q6: all pairs of elements
def symmetrize(f, rho_in, rho_out):
    def average(x):
        terms = []
        for a in rho_in:
            for b in rho_out:
                terms.append(f(x @ a.T) @ torch.linalg.inv(b).T)
        return torch.stack(terms).mean(0)

    return average


# %% q6: invariant, not equivariant
def symmetrize(f, rho_in, rho_out):
    def average(x):
        return torch.stack([f(x @ a.T) for a in rho_in]).mean(0)

    return average


# %% q6: only outputs are moved
def symmetrize(f, rho_in, rho_out):
    def average(x):
        y = f(x)
        return torch.stack([y @ b.T for b in rho_out]).mean(0)

    return average


# %% q6: in and out are exchanged
def symmetrize(f, rho_in, rho_out):
    def average(x):
        terms = [f(x @ b.T) @ torch.linalg.inv(a).T for a, b in zip(rho_in, rho_out)]
        return sum(terms) / len(terms)

    return average


# %% q6: equivariant but not the map itself: zero
def symmetrize(f, rho_in, rho_out):
    return lambda x: 0 * f(x)


# %% q6: takes the map for a linear one
def symmetrize(f, rho_in, rho_out):
    n = rho_in.shape[-1]
    W = f(torch.eye(n).to(rho_in)).T
    average = (torch.linalg.inv(rho_out) @ W @ rho_in).mean(0)
    return lambda x: x @ average.T


# %% q6: f gets three axes
def symmetrize(f, rho_in, rho_out):
    back = torch.linalg.inv(rho_out)

    def average(x):
        moved = torch.einsum("gij,bj->gbi", rho_in, x)
        return torch.einsum("gij,gbj->bi", back, f(moved)) / len(rho_in)

    return average


# %% q6: f gets vectors in place of a batch
def symmetrize(f, rho_in, rho_out):
    back = torch.linalg.inv(rho_out)

    def average(x):
        rows = []
        for row in x:
            terms = [b @ f(a @ row) for a, b in zip(rho_in, back)]
            rows.append(sum(terms) / len(terms))
        return torch.stack(rows)

    return average


# %% q6: inverts the representation in place
def symmetrize(f, rho_in, rho_out):
    rho_out[:] = torch.linalg.inv(rho_out)

    def average(x):
        terms = [f(x @ a.T) @ b.T for a, b in zip(rho_in, rho_out)]
        return sum(terms) / len(terms)

    return average


# %% q6: the average overwrites its input
def symmetrize(f, rho_in, rho_out):
    def average(x):
        start = x.clone()
        total = 0
        for a, b in zip(rho_in, rho_out):
            x[:] = start @ a.T
            total = total + f(x) @ torch.linalg.inv(b).T
        return total / len(rho_in)

    return average


# %% q6: the total is kept from call to call
def symmetrize(f, rho_in, rho_out):
    terms = []

    def average(x):
        for a, b in zip(rho_in, rho_out):
            terms.append(f(x @ a.T) @ torch.linalg.inv(b).T)
        return sum(terms) / len(rho_in)

    return average


# %% q6: the last element in every term
def symmetrize(f, rho_in, rho_out):
    terms = []
    for a, b in zip(rho_in, rho_out):
        terms.append(lambda x: f(x @ a.T) @ torch.linalg.inv(b).T)
    return lambda x: sum(term(x) for term in terms) / len(terms)


# %% q6: a number in place of a function
def symmetrize(f, rho_in, rho_out):
    x = torch.eye(rho_in.shape[-1]).to(rho_in)
    terms = [f(x @ a.T) @ torch.linalg.inv(b).T for a, b in zip(rho_in, rho_out)]
    return sum(terms) / len(terms)
