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


# %% q4: orders of the elements
def name_group(permutations):
    def order(p):
        power, n = list(p), 1
        while power != list(range(len(p))):
            power, n = [p[i] for i in power], n + 1
        return n

    orders = sorted(order(p) for p in permutations)
    return {
        (1, 2, 4, 4): "C4",
        (1, 2, 2, 2): "C2xC2",
        (1, 2, 4, 4, 8, 8, 8, 8): "C8",
        (1, 2, 2, 2, 4, 4, 4, 4): "C4xC2",
        (1, 2, 2, 2, 2, 2, 2, 2): "C2xC2xC2",
        (1, 2, 2, 2, 2, 2, 4, 4): "D4",
        (1, 2, 4, 4, 4, 4, 4, 4): "Q8",
    }[tuple(orders)]


my_group = name_group(my_symmetries)


# %% q4: compared with the groups of msr
def fingerprint(group):
    orders = sorted(group.element_order(a) for a in range(group.order))
    return orders, group.is_abelian


def name_group(permutations):
    mine = fingerprint(msr.groups.permutation_group(permutations))
    names = ("C4", "C2xC2", "C8", "C4xC2", "C2xC2xC2", "D4", "Q8")
    groups = msr.groups.small_groups()
    return next(name for name in names if fingerprint(groups[name]) == mine)


my_group = name_group(my_symmetries)


# %% q4: multiplication table and centre
def name_group(permutations):
    elements = [tuple(p) for p in permutations]
    where = {p: i for i, p in enumerate(elements)}
    table = [[where[tuple(p[i] for i in q)] for q in elements] for p in elements]
    n = len(elements)
    e = where[tuple(range(8))]
    centre = sum(all(table[a][b] == table[b][a] for b in range(n)) for a in range(n))
    roots = sum(table[a][a] == e for a in range(n))
    if centre < n:
        return "Q8" if roots == 2 else "D4"
    names = {(4, 2): "C4", (4, 4): "C2xC2", (8, 2): "C8", (8, 4): "C4xC2"}
    return names.get((n, roots), "C2xC2xC2")


my_group = name_group(my_symmetries)


# %% q4: matrices and traces
def name_group(permutations):
    P = torch.eye(8)[torch.tensor(permutations)]
    products = P[:, None] @ P[None]
    abelian = torch.equal(products, products.transpose(0, 1))
    squares = torch.diagonal(products, dim1=0, dim2=1).permute(2, 0, 1)
    twos = int((torch.einsum("gii->g", squares) == 8).sum()) - 1
    table = {
        (4, 1, True): "C4",
        (4, 3, True): "C2xC2",
        (8, 1, True): "C8",
        (8, 3, True): "C4xC2",
        (8, 7, True): "C2xC2xC2",
        (8, 5, False): "D4",
        (8, 1, False): "Q8",
    }
    return table[len(P), twos, abelian]


my_group = name_group(my_symmetries)


# %% q4: an isomorphism, by recursion
def isomorphic(mine, other, images=()):
    n = len(images)
    if n == len(mine):
        return True
    for a in set(range(len(mine))) - set(images):
        longer = (*images, a)
        if all(
            mine[i][j] > n or longer[mine[i][j]] == other[longer[i]][longer[j]]
            for i in range(n + 1)
            for j in range(n + 1)
        ) and isomorphic(mine, other, longer):
            return True
    return False


def name_group(permutations):
    mine = msr.groups.permutation_group(permutations).table.tolist()
    for name, group in msr.groups.small_groups().items():
        if group.order == len(mine) and isomorphic(mine, group.table.tolist()):
            return name


my_group = name_group(my_symmetries)


# %% q4: cycle types
def name_group(permutations):
    def longest_cycle(p):
        longest = 0
        for start in range(len(p)):
            i, length = p[start], 1
            while i != start:
                i, length = p[i], length + 1
            longest = max(longest, length)
        return longest

    lengths = [longest_cycle(p) for p in permutations]
    if len(lengths) == 4:
        return "C4" if max(lengths) == 4 else "C2xC2"
    twos = lengths.count(2)
    if max(lengths) == 8:
        return "C8"
    return {1: "Q8", 3: "C4xC2", 5: "D4", 7: "C2xC2xC2"}[twos]


my_group = name_group(my_symmetries)
