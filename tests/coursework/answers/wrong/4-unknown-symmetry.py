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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: only the first matrix checked
def commuting_permutations(basis, tolerance=0.3):
    W = basis[:, 0].reshape(8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        if (W[p, :][:, p] - W).norm() < tolerance * W.norm():
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: absolute tolerance
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        if (layers[:, p][:, :, p] - layers).abs().max() < tolerance:
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space / space.std())
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: exact equality
def commuting_permutations(basis, tolerance=0.3):
    layers = basis.T.reshape(-1, 8, 8)
    found = []
    for p in itertools.permutations(range(8)):
        if torch.allclose(layers[:, p][:, :, p], layers):
            found.append(list(p))
    return found


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: hard-coded cyclic shifts
def commuting_permutations(basis, tolerance=0.3):
    return [[(i + s) % 8 for i in range(8)] for s in range(8)]


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: hard-coded answer of this version
def commuting_permutations(basis, tolerance=0.3):
    return [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [4, 5, 6, 7, 0, 1, 2, 3],
        [7, 6, 1, 0, 3, 2, 5, 4],
        [3, 2, 5, 4, 7, 6, 1, 0],
        [5, 0, 7, 2, 1, 4, 3, 6],
        [1, 4, 3, 6, 5, 0, 7, 2],
        [2, 7, 4, 1, 6, 3, 0, 5],
        [6, 3, 0, 5, 2, 7, 4, 1],
    ]


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: always the best eight
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = list(itertools.permutations(range(8)))
    off = [float((layers[:, p][:, :, p] - layers).norm()) for p in everyone]
    best = sorted(range(len(off)), key=off.__getitem__)[:8]
    return [list(everyone[i]) for i in best]


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: always as many as the space has dimensions
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = list(itertools.permutations(range(8)))
    off = [float((layers[:, p][:, :, p] - layers).norm()) for p in everyone]
    best = sorted(range(len(off)), key=off.__getitem__)[: basis.shape[1]]
    return [list(everyone[i]) for i in best]


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: stops at the first one found
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    for p in itertools.permutations(range(8)):
        off = (layers[:, p][:, :, p] - layers).square().sum((1, 2)).sqrt()
        if (off < tolerance).all():
            return [list(p)]


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


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
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: the outputs' half of the pairs that msr.identify finds
def commuting_permutations(basis, tolerance=0.3):
    found = msr.identify(basis, (8, 8))
    return found.rho_out.matrices.argmax(1).tolist()


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: pairs where they are those that commute
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = torch.tensor(list(itertools.permutations(range(8))))
    found = []
    for p in everyone.split(4000):
        moved = layers[:, p[:, :, None], p[:, None, :]]
        off = (moved - layers[:, None]).square().sum((2, 3)).amax(0).sqrt()
        found += p[off < tolerance].tolist()
    return found


my_symmetries = commuting_permutations(space)
pairs_only = space


# %% q3: no group in the space of pairs
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = torch.tensor(list(itertools.permutations(range(8))))
    found = []
    for p in everyone.split(4000):
        moved = layers[:, p[:, :, None], p[:, None, :]]
        off = (moved - layers[:, None]).square().sum((2, 3)).amax(0).sqrt()
        found += p[off < tolerance].tolist()
    return found


my_symmetries = commuting_permutations(space)
pairs_only = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))


# %% q3: pairs in a space of shifts that commute with all
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = torch.tensor(list(itertools.permutations(range(8))))
    found = []
    for p in everyone.split(4000):
        moved = layers[:, p[:, :, None], p[:, None, :]]
        off = (moved - layers[:, None]).square().sum((2, 3)).amax(0).sqrt()
        found += p[off < tolerance].tolist()
    return found


my_symmetries = commuting_permutations(space)
pairs_only = msr.group_convolution_matrix(msr.cyclic(8)).reshape(8, 8, -1)
pairs_only = pairs_only.roll(1, 0).reshape(64, -1)


# %% q3: matrices in place of their vec in the space of pairs
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = torch.tensor(list(itertools.permutations(range(8))))
    found = []
    for p in everyone.split(4000):
        moved = layers[:, p[:, :, None], p[:, None, :]]
        off = (moved - layers[:, None]).square().sum((2, 3)).amax(0).sqrt()
        found += p[off < tolerance].tolist()
    return found


my_symmetries = commuting_permutations(space)
pairs_only = space.T.reshape(-1, 8, 8).roll(1, 1)


# %% q3: pairs not stored
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis)[0].T.reshape(-1, 8, 8)
    everyone = torch.tensor(list(itertools.permutations(range(8))))
    found = []
    for p in everyone.split(4000):
        moved = layers[:, p[:, :, None], p[:, None, :]]
        off = (moved - layers[:, None]).square().sum((2, 3)).amax(0).sqrt()
        found += p[off < tolerance].tolist()
    return found


my_symmetries = commuting_permutations(space)
pairs_only = ...


# %% q4: the group itself
def largest_group(permutations):
    return permutations


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: all permutations
def largest_group(permutations):
    n = len(permutations[0])
    return list(itertools.permutations(range(n)))


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: orbits of positions, not of pairs
def largest_group(permutations):
    n = len(permutations[0])
    orbits = [min(p[i] for p in permutations) for i in range(n)]
    everyone = itertools.permutations(range(n))
    return [p for p in everyone if all(orbits[p[i]] == orbits[i] for i in range(n))]


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: pairs without an order
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    orbits = torch.minimum(orbits, orbits.T)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: permutations that move orbits to orbits
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]].flatten(1)
    both = orbits.flatten() * n * n + moved
    kinds = [len(set(row)) for row in both.tolist()]
    number = len(orbits.unique())
    return [p for p, k in zip(everyone.tolist(), kinds) if k == number]


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: permutations that commute with the group
def largest_group(permutations):
    n = len(permutations[0])
    return [
        q
        for q in itertools.permutations(range(n))
        if all([p[i] for i in q] == [q[i] for i in p] for p in permutations)
    ]


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: one pair of positions only
def largest_group(permutations):
    n = len(permutations[0])
    orbit = {(p[0], p[1 % n]) for p in permutations}
    everyone = itertools.permutations(range(n))
    return [p for p in everyone if {(p[a], p[b]) for a, b in orbit} == orbit]


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: positions counted from one
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return (everyone[(moved == orbits).all((1, 2))] + 1).tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: right, but sorts the list in place
def largest_group(permutations):
    permutations.sort(reverse=True)
    permutations.sort()
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: hard-coded cyclic groups
def largest_group(permutations):
    n = len(permutations[0])
    return [[(i + s) % n for i in range(n)] for s in range(n)]


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: another name stored
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = "C8"
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: stored in lower case
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries)).lower()
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: no name stored
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = ...
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: turns and flips of a square cannot be told
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [[(s + f * i) % 4 for i in range(4)] for s in range(4) for f in (1, -1)]


# %% q4: all permutations cannot be told
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = list(itertools.permutations(range(4)))


# %% q4: twelve permutations that are no group
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = list(itertools.permutations(range(4)))[:12]


# %% q4: odd permutations
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 1
]


# %% q4: even permutations of five positions
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(5))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: nothing stored that cannot be told
def largest_group(permutations):
    p = torch.tensor(permutations)
    n = p.shape[1]
    orbits = (p[:, :, None] * n + p[:, None, :]).amin(0)
    everyone = torch.tensor(list(itertools.permutations(range(n))))
    moved = orbits[everyone[:, :, None], everyone[:, None, :]]
    return everyone[(moved == orbits).all((1, 2))].tolist()


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = ...
