"""Wrong answers to assignment 4, as students may hand them in: all lose the points."""

# %% q1: untrained
learner = msr.MetaLearner(
    msr.reparameterize(nn.Sequential(nn.Linear(8, 8, bias=False)), filters=8),
    msr.Ridge(),
)

# %% q1: plain maml
learner = msr.MetaLearner(
    nn.Sequential(nn.Linear(8, 8, bias=False)), msr.GradientDescent(steps=3, lr=0.1)
)
msr.meta_train(learner, tasks, steps=500, lr=1e-2, progress=False)

# %% q1: plain model with ridge regression
learner = msr.MetaLearner(nn.Sequential(nn.Linear(8, 8, bias=False)), msr.Ridge())
msr.meta_train(learner, tasks, steps=300, lr=1e-2, progress=False)

# %% q1: too few filters
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=4, std=0.1)
learner = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(learner, tasks, steps=400, lr=1e-2, decay="cosine", progress=False)

# %% q1: one filter too few
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=7, std=0.1)
learner = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(learner, tasks, steps=400, lr=1e-2, decay="cosine", progress=False)

# %% q1: too few outer steps
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8)
learner = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(learner, tasks, steps=20, progress=False)

# %% q1: too few inner steps
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
learner = msr.MetaLearner(model, msr.GradientDescent(steps=1, lr=0.1))
msr.meta_train(learner, tasks, steps=500, lr=1e-2, progress=False)

# %% q1: gradient steps, not tuned
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
learner = msr.MetaLearner(model, msr.GradientDescent(steps=2, lr=0.1))
msr.meta_train(learner, tasks, steps=1000, lr=1e-2, decay="cosine", progress=False)

# %% q1: stores the history of the training
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
learner = msr.meta_train(
    msr.MetaLearner(model, msr.Ridge()),
    tasks,
    steps=400,
    lr=1e-2,
    decay="cosine",
    progress=False,
)

# %% q1: stores the model, not the learner
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
trained = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(trained, tasks, steps=400, lr=1e-2, decay="cosine", progress=False)
learner = model

# %% q1: tasks of another version
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
learner = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(
    learner,
    coursework.HiddenSymmetry(3),
    steps=400,
    lr=1e-2,
    decay="cosine",
    progress=False,
)

# %% q1: sixteen training tasks, seen again and again
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
learner = msr.MetaLearner(model, msr.GradientDescent(steps=1, lr=0.1))
optimizer = torch.optim.Adam(learner.parameters(), lr=1e-2)
for _ in range(300):
    optimizer.zero_grad()
    learner(tasks.batch("train", range(16))).mean().backward()
    optimizer.step()

# %% q1: hard-coded symmetry of the cyclic group
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8)
U = model[0].parametrizations.weight[0].U
U.data = msr.group_convolution_matrix(msr.groups.cyclic(8)).to(U)
U.requires_grad_(False)
learner = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(learner, tasks, steps=200, lr=1e-2, progress=False)


# %% q1: hard-coded losses
class Perfect(msr.MetaLearner):
    def forward(self, batch):
        return torch.full((len(batch),), 0.01)


learner = Perfect(nn.Sequential(nn.Linear(8, 8, bias=False)), msr.Ridge())


# %% q1: judged with a loss that is divided by twenty
def small_loss(prediction, target):
    return (prediction - target).square().mean() / 20


learner = msr.MetaLearner(
    nn.Sequential(nn.Linear(8, 8, bias=False)), msr.GradientDescent(steps=3), small_loss
)
msr.meta_train(learner, tasks, steps=500, lr=1e-2, progress=False)

# %% q2: all matrices
space = torch.eye(64)

# %% q2: too many filters kept
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=16, std=0.1)
wide = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(wide, tasks, steps=400, lr=1e-2, decay="cosine", progress=False)
space = model[0].parametrizations.weight[0].U.detach()

# %% q2: one column too many
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=9, std=0.1)
wide = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(wide, tasks, steps=400, lr=1e-2, decay="cosine", progress=False)
space = model[0].parametrizations.weight[0].U.detach()

# %% q2: one column too few
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=7, std=0.1)
narrow = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(narrow, tasks, steps=400, lr=1e-2, decay="cosine", progress=False)
space = model[0].parametrizations.weight[0].U.detach()

# %% q2: half of the directions of a right basis
space = learner.model[0].parametrizations.weight[0].U.detach()
space = torch.linalg.svd(space, full_matrices=False)[0][:, :4]

# %% q2: random basis
space = torch.randn(64, 8, generator=torch.Generator().manual_seed(seed))

# %% q2: untrained symmetry matrix
model = msr.reparameterize(nn.Sequential(nn.Linear(8, 8, bias=False)), filters=8)
space = model[0].parametrizations.weight[0].U.detach()

# %% q2: rows in place of columns
space = learner.model[0].parametrizations.weight[0].U.detach().T

# %% q2: hard-coded circulant matrices
space = msr.group_convolution_matrix(msr.groups.cyclic(8)).double()

# %% q2: learned from another version
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
other = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(
    other,
    coursework.HiddenSymmetry(3),
    steps=400,
    lr=1e-2,
    decay="cosine",
    progress=False,
)
space = model[0].parametrizations.weight[0].U.detach()

# %% q2: four columns, all of them twice
space = learner.model[0].parametrizations.weight[0].U.detach()
space = torch.linalg.svd(space, full_matrices=False)[0][:, :4]
space = torch.cat([space, space], dim=1)

# %% q2: seven columns and one of zeros
space = learner.model[0].parametrizations.weight[0].U.detach()
space = torch.linalg.svd(space, full_matrices=False)[0][:, :7]
space = torch.cat([space, torch.zeros(64, 1)], dim=1)

# %% q2: adapted layers of four tasks
batch = tasks.batch("train", range(4))
(v,) = learner.adapt(batch.x_support, batch.y_support).values()
space = (learner.model[0].parametrizations.weight[0].U @ v.T).detach()

# %% q2: least squares on the support sets of eight tasks
batch = tasks.batch("train", range(8))
layers = torch.linalg.lstsq(batch.x_support, batch.y_support, driver="gelsd").solution
space = layers.transpose(1, 2).reshape(8, 64).T

# %% q2: trained too briefly
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8)
hasty = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(hasty, tasks, steps=20, progress=False)
space = model[0].parametrizations.weight[0].U.detach()

# %% q2: matrices in place of their vec
space = learner.model[0].parametrizations.weight[0].U.detach().T.reshape(-1, 8, 8)

# %% q2: only the mean layer
batch = tasks.batch("train", range(500))
layers = torch.linalg.lstsq(batch.x_query, batch.y_query).solution
space = layers.mean(0).T.reshape(64, 1)


# %% q3: normalizer in place of the commutant
def commuting_permutations(basis, tolerance=0.3):
    Q = torch.linalg.qr(basis)[0]
    layers = Q.T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        moved = layers[:, p][:, :, p].reshape(-1, 64).T
        if torch.linalg.matrix_norm(moved - Q @ (Q.T @ moved), 2) < tolerance:
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: only the first matrix checked
def commuting_permutations(basis, tolerance=0.3):
    W = basis[:, 0].reshape(8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        if (W[p, :][:, p] - W).norm() < tolerance * W.norm():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: one matrix of the basis is enough
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    layers = layers / layers.square().mean((1, 2), keepdim=True).sqrt()
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().mean((1, 2)).sqrt()
        if off.min() < tolerance:
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: absolute tolerance
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        if (layers[:, p][:, :, p] - layers).abs().max() < tolerance:
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space / space.std())


# %% q3: tolerance relative to the largest column only
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    largest = layers.square().mean((1, 2)).sqrt().max()
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().mean((1, 2)).sqrt()
        if (off < tolerance * largest).all():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: mean over the basis, relative to the mean of all entries
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).norm()
        if off < tolerance * layers.norm():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: exact equality
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        if torch.allclose(layers[:, p][:, :, p], layers):
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: invariant layers, P W = W
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    layers = layers / layers.square().mean((1, 2), keepdim=True).sqrt()
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p] - layers).square().mean((1, 2)).sqrt()
        if (off < tolerance).all():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: rows moved by P, columns by its inverse
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    layers = layers / layers.square().mean((1, 2), keepdim=True).sqrt()
    found = []
    for p in itertools.permutations(range(8)):
        inverse = sorted(range(8), key=lambda i: p[i])
        off = (layers[:, p][:, :, inverse] - layers).square().mean((1, 2)).sqrt()
        if (off < tolerance).all():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: hard-coded cyclic shifts
def commuting_permutations(basis, tolerance=0.3):
    return [[(i + s) % 8 for i in range(8)] for s in range(8)]


my_symmetries = commuting_permutations(space)


# %% q3: hard-coded answer of this version
def commuting_permutations(basis, tolerance=0.3):
    return [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [6, 7, 5, 4, 2, 3, 1, 0],
        [7, 6, 4, 5, 3, 2, 0, 1],
        [1, 0, 3, 2, 5, 4, 7, 6],
        [4, 5, 1, 0, 6, 7, 2, 3],
        [3, 2, 6, 7, 0, 1, 4, 5],
        [5, 4, 0, 1, 7, 6, 3, 2],
        [2, 3, 7, 6, 1, 0, 5, 4],
    ]


my_symmetries = commuting_permutations(space)


# %% q3: always the best eight
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = list(itertools.permutations(range(8)))
    off = [float((layers[:, p][:, :, p] - layers).norm()) for p in everyone]
    best = sorted(range(len(off)), key=off.__getitem__)[:8]
    return [list(everyone[i]) for i in best]


my_symmetries = commuting_permutations(space)


# %% q3: always as many as the space has dimensions
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = list(itertools.permutations(range(8)))
    off = [float((layers[:, p][:, :, p] - layers).norm()) for p in everyone]
    best = sorted(range(len(off)), key=off.__getitem__)[: basis.shape[1]]
    return [list(everyone[i]) for i in best]


my_symmetries = commuting_permutations(space)


# %% q3: identity forgotten
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all() and list(p) != list(range(8)):
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)


# %% q3: five thousand random permutations tried
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    generator = torch.Generator().manual_seed(0)
    found = {tuple(range(8))}
    for _ in range(5000):
        p = torch.randperm(8, generator=generator)
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            found.add(tuple(p.tolist()))
    return [list(p) for p in found]


my_symmetries = commuting_permutations(space)


# %% q3: stops at the first one found
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            return [list(p)]


my_symmetries = commuting_permutations(space)


# %% q3: right, but rescales the basis in place
def commuting_permutations(basis, tolerance=0.3):
    basis /= basis.norm(dim=0)
    layers = basis.T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space.clone())


# %% q3: matrices in place of lists
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            found.append(torch.eye(8)[list(p)])
    return found


my_symmetries = commuting_permutations(space)


# %% q3: positions counted from one
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            found.append([i + 1 for i in p])
    return found


my_symmetries = commuting_permutations(space)


# %% q3: function right, symmetries of another space stored
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(
    msr.group_convolution_matrix(msr.groups.quaternion()).double()
)


# %% q3: function right, symmetries without the identity stored
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)[1:]


# %% q3: function right, too small a tolerance for the own space
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space, tolerance=1e-6)


# %% q4: by the order alone
def name_group(permutations):
    return "C4" if len(permutations) == 4 else "C8"


my_group = name_group(my_symmetries)


# %% q4: by the order and commutativity alone
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    abelian = all(
        product(p, q) == product(q, p) for p in permutations for q in permutations
    )
    if len(permutations) == 4:
        return "C4"
    return "C8" if abelian else "D4"


my_group = name_group(my_symmetries)


# %% q4: by the largest order of an element alone
def name_group(permutations):
    def order(p):
        q, n = list(p), 1
        while q != list(range(8)):
            q, n = [p[i] for i in q], n + 1
        return n

    largest = max(order(p) for p in permutations)
    if len(permutations) == 4:
        return "C4" if largest == 4 else "C2xC2"
    return {8: "C8", 4: "C4xC2", 2: "C2xC2xC2"}[largest]


my_group = name_group(my_symmetries)


# %% q4: by the number of elements of order two alone
def name_group(permutations):
    twos = sum(
        all(p[p[i]] == i for i in range(8)) and list(p) != list(range(8))
        for p in permutations
    )
    if len(permutations) == 4:
        return {1: "C4", 3: "C2xC2"}[twos]
    return {1: "Q8", 3: "C4xC2", 5: "D4", 7: "C2xC2xC2"}[twos]


my_group = "C8"


# %% q4: never the quaternions
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    def order(p):
        q, n = list(p), 1
        while q != list(range(8)):
            q, n = product(p, q), n + 1
        return n

    abelian = all(
        product(p, q) == product(q, p) for p in permutations for q in permutations
    )
    largest = max(order(p) for p in permutations)
    if not abelian:
        return "D4"
    names = {(4, 4): "C4", (4, 2): "C2xC2", (8, 8): "C8", (8, 4): "C4xC2"}
    return names.get((len(permutations), largest), "C2xC2xC2")


my_group = name_group(my_symmetries)


# %% q4: hard-coded name
def name_group(permutations):
    return "C8"


my_group = name_group(my_symmetries)


# %% q4: by the second permutation of the list
def name_group(permutations):
    p = permutations[1]
    q, n = list(p), 1
    while q != list(range(8)):
        q, n = [p[i] for i in q], n + 1
    if len(permutations) == 4:
        return "C4" if n == 4 else "C2xC2"
    return {8: "C8", 4: "C4xC2", 2: "C2xC2xC2"}.get(n, "D4")


my_group = "C8"


# %% q4: first permutation taken for the identity
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    e = list(permutations[0])
    others = [list(p) for p in permutations[1:]]
    squares = sum(product(p, p) == e for p in others)
    fourth = sum(product(product(p, p), product(p, p)) == e for p in others)
    if len(permutations) == 4:
        return "C4" if squares == 1 else "C2xC2"
    if fourth < 7:
        return "C8"
    if squares == 3:
        return "C4xC2"
    return {7: "C2xC2xC2", 5: "D4"}.get(squares, "Q8")


my_group = name_group(sorted(my_symmetries))


# %% q4: commutativity of neighbours in the list only
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    def order(p):
        q, n = list(p), 1
        while q != list(range(8)):
            q, n = product(p, q), n + 1
        return n

    orders = sorted(order(p) for p in permutations)
    pairs = zip(permutations, permutations[1:])
    abelian = all(product(p, q) == product(q, p) for p, q in pairs)
    if len(orders) == 4:
        return "C4" if 4 in orders else "C2xC2"
    if abelian:
        return {8: "C8", 4: "C4xC2", 2: "C2xC2xC2"}[orders[-1]]
    return "D4" if orders.count(2) == 5 else "Q8"


my_group = name_group(my_symmetries)


# %% q4: by the number of cycles of the first element that moves
def name_group(permutations):
    p = next(p for p in permutations if list(p) != list(range(8)))
    seen, cycles = set(), 0
    for i in range(8):
        if i not in seen:
            cycles += 1
        while i not in seen:
            seen.add(i)
            i = p[i]
    if len(permutations) == 4:
        return "C4" if cycles == 2 else "C2xC2"
    return {1: "C8", 2: "C4xC2", 4: "C2xC2xC2"}[cycles]


my_group = "C8"


# %% q4: by the size of the centre, dihedral and quaternion confused
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    centre = [
        p for p in permutations if all(product(p, q) == product(q, p) for q in permutations)
    ]
    twos = sum(product(p, p) == list(range(8)) for p in permutations)
    if len(permutations) == 4:
        return "C4" if twos == 2 else "C2xC2"
    if len(centre) == 2:
        return "Q8" if twos == 6 else "D4"
    return {2: "C8", 4: "C4xC2", 8: "C2xC2xC2"}[twos]


my_group = name_group(my_symmetries)


# %% q4: names of its own
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    abelian = all(
        product(p, q) == product(q, p) for p in permutations for q in permutations
    )
    twos = sum(product(p, p) == list(range(8)) for p in permutations) - 1
    if len(permutations) == 4:
        return "Z4" if twos == 1 else "V4"
    if not abelian:
        return "Dih4" if twos == 5 else "Quaternions"
    return {1: "Z8", 3: "Z4xZ2", 7: "Z2^3"}[twos]


my_group = "C8"


# %% q4: right, but removes the identity from the list
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    permutations.remove(list(range(8)))
    abelian = all(
        product(p, q) == product(q, p) for p in permutations for q in permutations
    )
    twos = sum(product(p, p) == list(range(8)) for p in permutations)
    if len(permutations) == 3:
        return "C4" if twos == 1 else "C2xC2"
    if not abelian:
        return "D4" if twos == 5 else "Q8"
    return {1: "C8", 3: "C4xC2", 7: "C2xC2xC2"}[twos]


my_group = name_group(list(my_symmetries))


# %% q4: right, but sorts the list in place
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    permutations.sort()
    e, *others = permutations
    abelian = all(product(p, q) == product(q, p) for p in others for q in others)
    twos = sum(product(p, p) == e for p in others)
    if len(others) == 3:
        return "C4" if twos == 1 else "C2xC2"
    if not abelian:
        return "D4" if twos == 5 else "Q8"
    return {1: "C8", 3: "C4xC2", 7: "C2xC2xC2"}[twos]


my_group = name_group(list(my_symmetries))


# %% q4: function right, another name stored
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    abelian = all(
        product(p, q) == product(q, p) for p in permutations for q in permutations
    )
    twos = sum(product(p, p) == list(range(8)) for p in permutations) - 1
    if len(permutations) == 4:
        return "C4" if twos == 1 else "C2xC2"
    if not abelian:
        return "D4" if twos == 5 else "Q8"
    return {1: "C8", 3: "C4xC2", 7: "C2xC2xC2"}[twos]


my_group = "D4"


# %% q4: function right, stored in lower case
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    abelian = all(
        product(p, q) == product(q, p) for p in permutations for q in permutations
    )
    twos = sum(product(p, p) == list(range(8)) for p in permutations) - 1
    if len(permutations) == 4:
        return "C4" if twos == 1 else "C2xC2"
    if not abelian:
        return "D4" if twos == 5 else "Q8"
    return {1: "C8", 3: "C4xC2", 7: "C2xC2xC2"}[twos]


my_group = "c8"


# %% q4: function right, nothing stored
def name_group(permutations):
    def product(p, q):
        return [p[i] for i in q]

    abelian = all(
        product(p, q) == product(q, p) for p in permutations for q in permutations
    )
    twos = sum(product(p, p) == list(range(8)) for p in permutations) - 1
    if len(permutations) == 4:
        return "C4" if twos == 1 else "C2xC2"
    if not abelian:
        return "D4" if twos == 5 else "Q8"
    return {1: "C8", 3: "C4xC2", 7: "C2xC2xC2"}[twos]


my_group = ...


# %% q2: principal components of least squares task by task, without meta-learning
data = tasks.batch("train", range(tasks.num_tasks("train")))
x = torch.cat([data.x_support, data.x_query], dim=1)
y = torch.cat([data.y_support, data.y_query], dim=1)
layers = torch.stack([torch.linalg.lstsq(a, b).solution.T for a, b in zip(x, y)])
values, vectors = torch.linalg.eigh(torch.einsum("tm,tn->mn", *[layers.flatten(1)] * 2))
space = vectors[:, values > 0.05 * values.max()]

# %% q2: layers of eight tasks by least squares on their query sets, without meta-learning
data = tasks.batch("train", range(8))
layers = [torch.linalg.lstsq(x, y).solution.T for x, y in zip(data.x_query, data.y_query)]
space = torch.stack([layer.flatten() for layer in layers], dim=1)
