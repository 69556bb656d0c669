"""Right answers to assignment 4, in different styles: every one gets all points."""

# %% q1: ridge regression, eight filters
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
learner = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(learner, tasks, steps=500, lr=1e-2, decay="cosine", progress=False)

# %% q1: outer loop by hand
learner = msr.MetaLearner(
    msr.reparameterize(nn.Sequential(nn.Linear(8, 8, bias=False)), filters=10, std=0.1),
    msr.Ridge(ridge=0.01, learn_ridge=False),
)
optimizer = torch.optim.Adam(learner.parameters(), lr=1e-2)
generator = torch.Generator().manual_seed(7)
losses = []
for step in range(600):
    if step == 400:
        optimizer.param_groups[0]["lr"] = 1e-3
    chosen = torch.randint(tasks.num_tasks("train"), (32,), generator=generator)
    loss = learner(tasks.batch("train", chosen)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
plt.semilogy(losses)

# %% q1: single precision
model = nn.Sequential(nn.Linear(8, 8, bias=False)).float()
msr.reparameterize(model, filters=8, std=0.1, seed=1)
learner = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(learner, tasks, steps=500, lr=1e-2, decay="cosine", progress=False)

# %% q1: dimension tried out on held-out training tasks
held_out = tasks.batch("train", range(1600, 1700))


class FirstTasks:
    """The training tasks that are not held out."""

    def num_tasks(self, split):
        return 1600

    def batch(self, split, indices):
        return tasks.batch("train", indices)


tried = {}
for filters in (4, 8, 16):
    model = nn.Sequential(nn.Linear(8, 8, bias=False))
    msr.reparameterize(model, filters=filters, std=0.1)
    candidate = msr.MetaLearner(model, msr.Ridge())
    msr.meta_train(candidate, FirstTasks(), 400, lr=1e-2, decay="cosine", progress=False)
    tried[candidate(held_out).mean().item()] = candidate
learner = tried[min(tried)]


# %% q1: a module of its own, started from principal components
class Shared(nn.Module):
    def __init__(self, filters):
        super().__init__()
        data = tasks.batch("train", range(400))
        x = torch.cat([data.x_support, data.x_query], 1)
        y = torch.cat([data.y_support, data.y_query], 1)
        layers = torch.linalg.lstsq(x, y).solution.transpose(1, 2)
        components = torch.linalg.svd(layers.reshape(-1, 64), full_matrices=False)[2]
        self.register_buffer("U", components[:filters].T.clone())
        self.v = nn.Parameter(torch.zeros(filters))

    def forward(self, x):
        return x @ (self.U @ self.v).reshape(8, 8).T


learner = msr.MetaLearner(Shared(8), msr.Ridge())
msr.meta_train(learner, tasks, steps=100, lr=1e-2, progress=False)

# %% q2: a symmetry matrix of eight filters, as a parameter
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=8, std=0.1)
narrow = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(narrow, tasks, steps=500, lr=1e-2, decay="cosine", progress=False)
space = model[0].parametrizations.weight[0].U

# %% q2: all filters there can be, cut at the gap of the adapted layers
model = nn.Sequential(nn.Linear(8, 8, bias=False))
msr.reparameterize(model, filters=64, std=0.1)
wide = msr.MetaLearner(model, msr.Ridge())
msr.meta_train(wide, tasks, steps=1000, lr=1e-2, decay="cosine", progress=False)
data = tasks.batch("train", range(1000))
with torch.no_grad():
    (v,) = wide.adapt(data.x_support, data.y_support).values()
    layers = v @ model[0].parametrizations.weight[0].U.T
singular = torch.linalg.svd(layers, full_matrices=False)
drops = singular.S[:-1] / singular.S[1:]
space = singular.Vh[: int(drops[:32].argmax()) + 1].T

# %% q2: single precision, columns of different lengths
data = tasks.batch("train", range(300))
learned = learner.adapt(data.x_support, data.y_support)
layers = learner.predict(learned, torch.eye(8).expand(300, 8, 8)).transpose(1, 2)
directions = torch.linalg.svd(layers.reshape(-1, 64), full_matrices=False)[2].detach()
space = (directions[:8].T * torch.logspace(-1, 1, 8)).float()


# %% q2: cleaned by averaging over the symmetries found
data = tasks.batch("train", range(1000))
(v,) = learner.adapt(data.x_support, data.y_support).values()
layers = (v @ learner.model[0].parametrizations.weight[0].U.T).detach()
rough = torch.linalg.svd(layers, full_matrices=False)[2][:8].reshape(-1, 8, 8)
group = [
    list(p)
    for p in itertools.permutations(range(8))
    if (rough[:, p][:, :, p] - rough).norm() < 0.5
]
clean = torch.stack([rough[:, p][:, :, p] for p in group]).mean(0)
space = clean.reshape(-1, 64).T.contiguous()


# %% q3: all permutations at once, orthonormal basis
def commuting_permutations(basis, tolerance=0.3):
    layers = torch.linalg.qr(basis.detach())[0].T.reshape(-1, 8, 8)
    everyone = torch.tensor(list(itertools.permutations(range(8))))
    found = []
    for p in everyone.split(4000):
        moved = layers[:, p[:, :, None], p[:, None, :]]
        off = (moved - layers[:, None]).square().sum((2, 3)).amax(0).sqrt()
        found += p[off < tolerance].tolist()
    return found


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q3: backtracking, entry by entry, with a helper
def commuting_permutations(basis, tolerance=0.3):
    scaled = basis.detach() / basis.detach().square().mean(0).sqrt()
    signature = scaled.reshape(8, 8, -1)

    def agree(i, j, a, b):
        off = (signature[i, j] - signature[a, b]).square().mean().sqrt()
        return float(off) < tolerance

    same = [
        [[[agree(i, j, a, b) for b in range(8)] for a in range(8)] for j in range(8)]
        for i in range(8)
    ]

    def extend(images):
        i = len(images)
        if i == 8:
            return [images]
        found = []
        for a in set(range(8)) - set(images):
            longer = [*images, a]
            if all(
                same[i][j][a][longer[j]] and same[j][i][longer[j]][a] for j in range(i + 1)
            ):
                found += extend(longer)
        return found

    return extend([])


my_symmetries = commuting_permutations(space)
order = [3, 0, 6, 1, 7, 2, 5, 4]
pairs_only = space.detach().reshape(8, 8, -1)[:, order].reshape(64, -1)


# %% q3: numpy in single precision, tuples
import numpy as np


def commuting_permutations(basis, tolerance=0.3):
    layers = np.asarray(basis.detach(), dtype=np.float32).T.reshape(-1, 8, 8)
    layers = layers / np.linalg.norm(layers, axis=(1, 2), keepdims=True)
    found = []
    for p in itertools.permutations(range(8)):
        moved = layers[:, p, :][:, :, p]
        if np.linalg.norm(moved - layers, axis=(1, 2)).max() < tolerance:
            found.append(tuple(p))
    return found


my_symmetries = commuting_permutations(space)
i = torch.arange(8)
pairs_only = torch.eye(8)[(i[:, None] + i) % 8].reshape(64, 8).numpy()


# %% q3: random layers of the space, returns a tensor
def commuting_permutations(basis, tolerance=0.3):
    basis = basis.detach() / basis.detach().norm(dim=0)
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(basis.shape[1], 30, generator=generator)
    layers = (basis @ mix).T.reshape(30, 8, 8)
    everyone = torch.tensor(list(itertools.permutations(range(8))))
    off = torch.zeros(len(everyone))
    for W in layers:
        moved = W[everyone[:, :, None], everyone[:, None, :]]
        off = torch.maximum(off, (moved - W).norm(dim=(1, 2)) / W.norm())
    return everyone[off < tolerance]


my_symmetries = commuting_permutations(space).tolist()
pairs_only = torch.zeros(8, 8, 5)
cycle = torch.arange(5)
pairs_only[:5, :5] = torch.eye(5)[(cycle[:, None] + cycle) % 5]
pairs_only = (pairs_only + 0.0).reshape(64, 5)


# %% q3: the pairs of msr.identify, those with P = Q
def commuting_permutations(basis, tolerance=0.3):
    found = msr.identify(basis, (8, 8))
    outputs, inputs = (
        rho.matrices.argmax(1).tolist() for rho in (found.rho_out, found.rho_in)
    )
    return [p for p, q in zip(outputs, inputs) if p == q]


my_symmetries = commuting_permutations(space)
pairs_only = space.reshape(8, 8, -1).roll(1, 0).reshape(64, -1)


# %% q4: orbits of pairs, all at once
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
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: a random layer of the group
def largest_group(permutations):
    n = len(permutations[0])
    W = torch.randn(n, n, generator=torch.Generator().manual_seed(0))
    P = torch.eye(n)[torch.tensor(permutations)]
    layer = (P @ W @ P.mT).mean(0)
    return [
        p
        for p in itertools.permutations(range(n))
        if torch.allclose(layer[list(p)][:, list(p)], layer)
    ]


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]


# %% q4: sets of pairs, in loops
def largest_group(permutations):
    n = len(permutations[0])
    pairs = list(itertools.product(range(n), repeat=2))
    orbits = {frozenset((p[a], p[b]) for p in permutations) for a, b in pairs}
    found = []
    for q in itertools.permutations(range(n)):
        if all({(q[a], q[b]) for a, b in orbit} == orbit for orbit in orbits):
            found.append(q)
    return found


my_group = msr.identify(space, (8, 8)).name
cannot_tell = [(0, 1, 2, 3)]
for p in cannot_tell:
    for q in ((1, 2, 0, 3), (1, 0, 3, 2)):
        product = tuple(p[i] for i in q)
        if product not in cannot_tell:
            cannot_tell.append(product)


# %% q4: a basis of all layers, by msr
def largest_group(permutations):
    rho = msr.permutation_representation(msr.permutation_group(permutations), permutations)
    n = len(permutations[0])
    basis = msr.intertwiner_basis(rho, rho).T.reshape(-1, n, n)
    found = []
    for q in itertools.permutations(range(n)):
        if (basis[:, q, :][:, :, q] - basis).abs().max() < 1e-4:
            found.append(list(q))
    return found


my_group = msr.name_of(msr.permutation_group(my_symmetries))
cannot_tell = [
    p
    for p in itertools.permutations(range(4))
    if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
]
