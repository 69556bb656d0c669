"""Right answers to assignment 3, in different styles: every one gets all points."""


# %% q1: loops in plain python
def gradient(w, X, y):
    n, d = X.shape
    result = [0.0] * d
    for i in range(n):
        prediction = 0.0
        for j in range(d):
            prediction += float(X[i, j]) * float(w[j])
        for j in range(d):
            result[j] += 2 * float(X[i, j]) * (prediction - float(y[i])) / n
    return torch.tensor(result)


# %% q1: einsum
def gradient(w, X, y):
    residual = torch.einsum("nd,d->n", X, w) - y
    return torch.einsum("nd,n->d", X, residual) * (2 / y.numel())


# %% q1: numpy, returns an array
import numpy as np


def gradient(w, X, y):
    w, X, y = (np.asarray(t.detach()) for t in (w, X, y))
    return 2 * np.mean((X @ w - y)[:, None] * X, axis=0)


# %% q1: multiplied out, with a helper
def moments(X, y):
    return X.T @ X / len(X), X.T @ y / len(X)


def gradient(w, X, y):
    A, b = moments(X, y)
    return 2 * (A @ w - b)


# %% q1: single precision inside
def gradient(w, X, y):
    w, X, y = w.float(), X.float(), y.float()
    return 2 / len(X) * (X.T @ (X @ w - y))


# %% q1: mean over per-example gradients by vmap
def gradient(w, X, y):
    one = lambda x, t: 2 * (x @ w - t) * x  # noqa: E731
    return torch.vmap(one)(X, y).mean(0)


# %% q2: loop with the formula
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w = w - lr * gradient(w, X, y)
    return w


# %% q2: recursion
def adapt(w, X, y, lr, steps):
    if steps == 0:
        return w
    return adapt(w - lr * gradient(w, X, y), X, y, lr, steps - 1)


# %% q2: torch.func.grad
def adapt(w, X, y, lr, steps):
    slope = torch.func.grad(lambda v: torch.nn.functional.mse_loss(X @ v, y))
    for _ in range(steps):
        w = w - lr * slope(w)
    return w


# %% q2: torch.autograd with create_graph
def adapt(w, X, y, lr, steps):
    adapted = w if w.requires_grad else w.detach().requires_grad_()
    for _ in range(steps):
        loss = (X @ adapted - y).pow(2).mean()
        slope = torch.autograd.grad(loss, adapted, create_graph=True)[0]
        adapted = adapted - lr * slope
    return adapted


# %% q2: closed form with a matrix power
def adapt(w, X, y, lr, steps):
    n, d = X.shape
    step = torch.eye(d + 1)
    step[:d, :d] -= 2 * lr / n * X.T @ X
    step[:d, d] = 2 * lr / n * X.T @ y
    return (torch.linalg.matrix_power(step, steps) @ torch.cat([w, torch.ones(1)]))[:d]


# %% q2: loops over examples and entries
def adapt(w, X, y, lr, steps):
    n, d = X.shape
    v = w.clone()
    for _ in range(steps):
        r = [sum(X[i, j] * v[j] for j in range(d)) - y[i] for i in range(n)]
        slopes = [2 * sum(X[i, j] * r[i] for i in range(n)) / n for j in range(d)]
        v = torch.stack([v[j] - lr * slopes[j] for j in range(d)])
    return v


# %% q2: single precision inside
def adapt(w, X, y, lr, steps):
    v, X, y = w.float(), X.float(), y.float()
    for _ in range(steps):
        v = v - lr * 2 / len(X) * X.T @ (X @ v - y)
    return v.double()


# %% q3: loop over the tasks
def meta_gradient(w, support, query, lr):
    total = 0
    for X, y, X_val, y_val in zip(*support, *query):
        hessian = 2 * X.T @ X / len(X)
        adapted = w - lr * gradient(w, X, y)
        total += (torch.eye(len(w)) - lr * hessian) @ gradient(adapted, X_val, y_val)
    return total / len(support[0])


# %% q3: einsum over all tasks
def meta_gradient(w, support, query, lr):
    (X, y), (Z, t) = support, query
    n, m = X.shape[1], Z.shape[1]
    hessian = 2 / n * torch.einsum("tni,tnj->tij", X, X)
    adapted = w - lr * 2 / n * torch.einsum("tni,tn->ti", X, X @ w - y)
    outer = (
        2 / m * torch.einsum("tmi,tm->ti", Z, torch.einsum("tmi,ti->tm", Z, adapted) - t)
    )
    return (outer - lr * torch.einsum("tij,tj->ti", hessian, outer)).mean(0)


# %% q3: the query loss as least squares in w
def meta_gradient(w, support, query, lr):
    rows, targets = [], []
    for X, y, Z, t in zip(*support, *query):
        M = torch.eye(X.shape[1]) - 2 * lr / len(X) * X.T @ X
        rows.append(Z @ M)
        targets.append(t - Z @ (2 * lr / len(X) * X.T @ y))
    A, b = torch.cat(rows), torch.cat(targets)
    return 2 / len(b) * A.T @ (A @ w - b)


# %% q3: numpy with batched matrix products
import numpy as np


def meta_gradient(w, support, query, lr):
    w = w.detach().numpy()
    (X, y), (Z, t) = [[a.numpy() for a in pair] for pair in (support, query)]
    slope = lambda v, A, b: (  # noqa: E731
        2 / A.shape[1] * (A.transpose(0, 2, 1) @ (A @ v - b[..., None]))
    )
    start = np.broadcast_to(w[:, None], (len(X), len(w), 1))
    outer = slope(start - lr * slope(start, X, y), Z, t)
    curved = 2 / X.shape[1] * X.transpose(0, 2, 1) @ (X @ outer)
    return torch.from_numpy((outer - lr * curved).mean(axis=0)[:, 0])


# %% q3: hessian-vector product as a difference of gradients
def meta_gradient(w, support, query, lr):
    result = []
    for X, y, Z, t in zip(*support, *query):
        g = gradient(w - lr * gradient(w, X, y), Z, t)
        # gradients are affine in w, so that this is H g, exactly
        result.append(g - lr * (gradient(w + g, X, y) - gradient(w, X, y)))
    return sum(result) / len(result)


# %% q3: single precision inside, vmap over the tasks
def meta_gradient(w, support, query, lr):
    w = w.float()

    def one(X, y, Z, t):
        g = gradient(w - lr * gradient(w, X, y), Z, t)
        return g - lr * gradient(g, X, torch.zeros_like(y))

    return torch.vmap(one)(*(a.float() for a in (*support, *query))).mean(0)


# %% q4: torch.autograd.grad on detached copies
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = start
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=True)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q4: torch.func.grad, returns a list
def maml_gradient(loss, parameters, support, query, lr, steps):
    def after(start):
        adapted = list(start)
        for _ in range(steps):
            slopes = torch.func.grad(loss)(adapted, support)
            adapted = [p - lr * g for p, g in zip(adapted, slopes)]
        return loss(adapted, query)

    return torch.func.grad(after)(list(parameters))


# %% q4: torch.func.grad, recursion, returns a tuple
def maml_gradient(loss, parameters, support, query, lr, steps):
    def after(start, left):
        if not left:
            return loss(start, query)
        slopes = torch.func.grad(loss)(start, support)
        return after([p - lr * g for p, g in zip(start, slopes)], left - 1)

    return tuple(torch.func.grad(after)([p.detach() for p in parameters], steps))


# %% q4: backward on copies
def maml_gradient(loss, parameters, support, query, lr, steps):
    copies = [torch.nn.Parameter(p.detach().clone()) for p in parameters]
    adapted = copies
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=True)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    loss(adapted, query).backward()
    return [p.grad for p in copies]


# %% q4: hessian-vector products backwards along the path
def maml_gradient(loss, parameters, support, query, lr, steps):
    def slopes(at, data, create_graph=False):
        at = [p.detach().clone().requires_grad_() for p in at]
        return at, torch.autograd.grad(loss(at, data), at, create_graph=create_graph)

    path = [[p.detach() for p in parameters]]
    for _ in range(steps):
        at, found = slopes(path[-1], support)
        path.append([(p - lr * g).detach() for p, g in zip(at, found)])
    result = slopes(path[-1], query)[1]
    for point in reversed(path[:-1]):
        at, found = slopes(point, support, create_graph=True)
        along = sum((g * r).sum() for g, r in zip(found, result))
        if along.requires_grad:  # else the loss is linear, without curvature
            products = torch.autograd.grad(along, at)
            result = [r - lr * h for r, h in zip(result, products)]
    return list(result)


# %% q4: flattened into one vector, formula with the hessian
def maml_gradient(loss, parameters, support, query, lr, steps):
    sizes = [p.numel() for p in parameters]

    def pieces(vector):
        return [c.reshape(p.shape) for c, p in zip(vector.split(sizes), parameters)]

    def inner(vector):
        return loss(pieces(vector), support)

    def outer(vector):
        return loss(pieces(vector), query)

    vector = torch.cat([p.detach().flatten() for p in parameters])
    jacobian = torch.eye(len(vector))
    for _ in range(steps):
        hessian = torch.func.hessian(inner)(vector)
        jacobian = (torch.eye(len(vector)) - lr * hessian) @ jacobian
        vector = vector - lr * torch.func.grad(inner)(vector)
    return pieces(jacobian.T @ torch.func.grad(outer)(vector))


# %% q4: jacrev
def maml_gradient(loss, parameters, support, query, lr, steps):
    def after(*start):
        adapted = list(start)
        for _ in range(steps):
            slopes = torch.func.jacrev(loss)(adapted, support)
            adapted = [p - lr * g for p, g in zip(adapted, slopes)]
        return loss(adapted, query)

    positions = tuple(range(len(parameters)))
    return list(torch.func.jacrev(after, argnums=positions)(*parameters))


# %% q5: loop over copies
def finite_differences(f, w, step=1e-4):
    result = torch.empty(len(w))
    for i in range(len(w)):
        up, down = w.clone(), w.clone()
        up[i] += step
        down[i] -= step
        result[i] = (f(up) - f(down)) / (2 * step)
    return result


# %% q5: rows of the unit matrix
def finite_differences(f, w, step=1e-4):
    moves = step * torch.eye(len(w))
    return torch.stack([f(w + e) - f(w - e) for e in moves]) / (2 * step)


# %% q5: plain python numbers, returns a tensor of a list
def finite_differences(f, w, step=1e-4):
    numbers = [float(x) for x in w]
    result = []
    for i, x in enumerate(numbers):
        moved = [
            torch.tensor([*numbers[:i], x + side, *numbers[i + 1 :]])
            for side in (step, -step)
        ]
        result.append((float(f(moved[0])) - float(f(moved[1]))) / (2 * step))
    return torch.tensor(result)


# %% q5: numpy, returns an array
import numpy as np


def finite_differences(f, w, step=1e-4):
    start = w.detach().numpy()
    moves = step * np.eye(len(start))
    at = lambda point: float(f(torch.from_numpy(point)))  # noqa: E731
    return np.array([(at(start + e) - at(start - e)) / (2 * step) for e in moves])


# %% q5: mean of the one-sided differences
def finite_differences(f, w, step=1e-4):
    here = f(w)
    result = []
    for i in range(len(w)):
        e = step * torch.nn.functional.one_hot(torch.tensor(i), len(w))
        right, left = (f(w + e) - here) / step, (here - f(w - e)) / step
        result.append((right + left) / 2)
    return torch.stack(result)


# %% q5: returns a list of numbers
def finite_differences(f, w, step=1e-4):
    slopes = []
    for i in range(w.shape[0]):
        e = torch.zeros(w.shape[0])
        e[i] = step
        slopes.append(((f(w + e) - f(w - e)) / (2 * step)).item())
    return slopes


# %% q6: torch.func.grad
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(U):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q6: torch.autograd on copies
def sharing_gradient(U, v, support, query, lr):
    U = U.detach().clone().requires_grad_(True)
    v = v.detach().clone().requires_grad_(True)
    (x, y), (x_query, y_query) = support, query
    shape = (y.shape[1], x.shape[1])
    inner = torch.nn.functional.mse_loss(
        torch.nn.functional.linear(x, (U @ v).view(shape)), y
    )
    (slope,) = torch.autograd.grad(inner, v, create_graph=True)
    W = (U @ (v - lr * slope)).view(shape)
    outer = torch.nn.functional.mse_loss(torch.nn.functional.linear(x_query, W), y_query)
    return torch.autograd.grad(outer, U)[0]


# %% q6: by formula
def sharing_gradient(U, v, support, query, lr):
    def in_weight(weight, x, y):
        residual = x @ weight.reshape(y.shape[1], x.shape[1]).T - y
        return (2 / y.numel() * residual.T @ x).flatten()

    x, y = support
    g = in_weight(U @ v, x, y)
    adapted = v - lr * U.T @ g
    h = in_weight(U @ adapted, *query)
    back = U.T @ h  # with respect to the adapted filter
    curved = in_weight(U @ back, x, torch.zeros_like(y))
    return torch.outer(h, adapted) - lr * (torch.outer(g, back) + torch.outer(curved, v))


# %% q6: one jacobian of the adapted filter
def sharing_gradient(U, v, support, query, lr):
    basis = lambda U, m: U.T.reshape(U.shape[1], m, -1)  # noqa: E731

    def loss(U, v, data):
        x, y = data
        W = torch.einsum("kmn,k->mn", basis(U, y.shape[1]), v)
        return (torch.einsum("mn,en->em", W, x) - y).pow(2).mean()

    def adapt_filter(U):
        return v - lr * torch.func.jacrev(loss, argnums=1)(U, v, support)

    adapted = adapt_filter(U)
    direct, back = torch.func.grad(loss, argnums=(0, 1))(U, adapted, query)
    return direct + torch.einsum("k,kab->ab", back, torch.func.jacrev(adapt_filter)(U))


# %% q6: finite differences
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        return (x @ (U @ v).reshape(y.shape[1], x.shape[1]).T - y).square().mean()

    def after(flat):
        U_moved = flat.reshape(U.shape)
        x, y = support
        residual = x @ (U_moved @ v).reshape(y.shape[1], x.shape[1]).T - y
        slope = U_moved.T @ (2 / y.numel() * residual.T @ x).flatten()
        return loss(U_moved, v - lr * slope, query)

    return finite_differences(after, U.flatten()).reshape(U.shape)


# %% q6: written out as linear in v, backward on a copy
def sharing_gradient(U, v, support, query, lr):
    U = U.detach().clone().requires_grad_()

    def predict(v, x, y):
        return sum(v[i] * x @ U[:, i].reshape(y.shape[1], -1).T for i in range(len(v)))

    v = v.detach()
    x, y = support
    residual = predict(v, x, y) - y
    features = [x @ U[:, i].reshape(y.shape[1], -1).T for i in range(len(v))]
    slope = torch.stack([2 * (residual * feature).mean() for feature in features])
    x, y = query
    (predict(v - lr * slope, x, y) - y).square().mean().backward()
    return U.grad


# %% q7: eigenvalues of the hessian
def largest_step(X):
    hessian = 2 / X.shape[0] * X.T @ X
    return 2 / torch.linalg.eigvalsh(hessian).max()


my_limit = float(largest_step(X_mine))


# %% q7: singular values, numpy
import numpy as np


def largest_step(X):
    A = X.detach().numpy()
    return len(A) / np.linalg.norm(A, ord=2) ** 2


my_limit = largest_step(X_mine)


# %% q7: power iteration
def largest_step(X):
    v = torch.ones(X.shape[1])
    for _ in range(5000):
        v = X.T @ (X @ v)
        v = v / v.norm()
    return len(X) / float((X @ v).square().sum())


my_limit = largest_step(X_mine)


# %% q7: spectral radius by bisection
def largest_step(X):
    identity = torch.eye(X.shape[1])

    def shrinks(lr):
        step = identity - lr * 2 / len(X) * X.T @ X
        return torch.linalg.eigvals(step).abs().max() < 1

    low, high = 0.0, 1.0
    while shrinks(high):
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if shrinks(middle) else (low, middle)
    return low


my_limit = largest_step(X_mine)


# %% q7: hessian by torch.func, single precision
def largest_step(X):
    X = X.float()
    start = torch.zeros(X.shape[1], dtype=torch.float32)
    hessian = torch.func.hessian(lambda w: (X @ w).square().mean())(start)
    return 2 / torch.linalg.eigvalsh(hessian)[-1]


my_limit = largest_step(X_mine).item()
