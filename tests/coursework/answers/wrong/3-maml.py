"""Wrong answers to assignment 3, as students may hand them in: all lose the points."""


# %% q1: factor two missing
def gradient(w, X, y):
    return X.T @ (X @ w - y) / len(X)


# %% q1: sum in place of mean
def gradient(w, X, y):
    return 2 * X.T @ (X @ w - y)


# %% q1: sign error
def gradient(w, X, y):
    residual = y - X @ w
    return 2 * X.T @ residual / len(y)


# %% q1: divided by the number of weights
def gradient(w, X, y):
    return 2 * X.T @ (X @ w - y) / len(w)


# %% q1: divided by the number of entries of the inputs
def gradient(w, X, y):
    return (2 * (X @ w - y)[:, None] * X).sum(0) / X.numel()


# %% q1: residual broadcast to a matrix
def gradient(w, X, y):
    w = w.reshape(-1, 1)
    residual = X @ w - y
    return (2 / len(X) * X.T @ residual).mean(1)


# %% q1: column in place of a vector
def gradient(w, X, y):
    residual = X @ w.reshape(-1, 1) - y.reshape(-1, 1)
    return 2 / len(X) * X.T @ residual


# %% q1: right, but overwrites the targets
def gradient(w, X, y):
    y -= X @ w
    return -2 / len(X) * X.T @ y


# %% q1: right, but overwrites the inputs
def gradient(w, X, y):
    residual = X @ w - y
    X *= residual[:, None]
    return 2 * X.mean(0)


# %% q1: loop over three weights only
def gradient(w, X, y):
    result = torch.zeros(3)
    for j in range(3):
        for i in range(len(X)):
            result[j] += 2 * X[i, j] * (X[i] @ w - y[i]) / len(X)
    return result


# %% q1: number of examples hard-coded
def gradient(w, X, y):
    return 2 / 10 * X.T @ (X @ w - y)


# %% q1: gradient of the root of the mean squared error
def gradient(w, X, y):
    residual = X @ w - y
    return X.T @ residual / len(y) / residual.square().mean().sqrt()


# %% q1: targets forgotten
def gradient(w, X, y):
    return 2 * X.T @ X @ w / len(X)


# %% q1: automatic differentiation in place of a formula
def gradient(w, X, y):
    return torch.func.grad(lambda v: (X @ v - y).square().mean())(w)


# %% q1: torch.autograd in place of a formula
def gradient(w, X, y):
    leaf = w.detach().clone().requires_grad_()
    loss = torch.nn.functional.mse_loss(X @ leaf, y)
    return torch.autograd.grad(loss, leaf)[0]


# %% q1: prints and returns nothing
def gradient(w, X, y):
    print(2 / len(X) * X.T @ (X @ w - y))


# %% q2: detached at every step
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w = w.detach() - lr * gradient(w.detach(), X, y)
    return w


# %% q2: automatic differentiation from a detached copy
def adapt(w, X, y, lr, steps):
    w = w.detach().clone().requires_grad_()
    for _ in range(steps):
        loss = (X @ w - y).square().mean()
        (slope,) = torch.autograd.grad(loss, w, create_graph=True)
        w = w - lr * slope
    return w


# %% q2: automatic differentiation without create_graph
def adapt(w, X, y, lr, steps):
    if not w.requires_grad:
        w = w.clone().requires_grad_()
    for _ in range(steps):
        loss = (X @ w - y).square().mean()
        (slope,) = torch.autograd.grad(loss, w)
        w = w - lr * slope
    return w


# %% q2: gradient detached, so first order
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w = w - lr * gradient(w, X, y).detach()
    return w


# %% q2: only the last step second order
def adapt(w, X, y, lr, steps):
    for i in range(steps):
        at = w if i == steps - 1 else w.detach()
        w = w - lr * gradient(at, X, y)
    return w


# %% q2: only the first step second order
def adapt(w, X, y, lr, steps):
    for i in range(steps):
        at = w if i == 0 else w.detach()
        w = w - lr * gradient(at, X, y)
    return w


# %% q2: without a graph at all
@torch.no_grad()
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w = w - lr * gradient(w, X, y)
    return w


# %% q2: by torch.optim.SGD
def adapt(w, X, y, lr, steps):
    adapted = torch.nn.Parameter(w.detach().clone())
    optimizer = torch.optim.SGD([adapted], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(X @ adapted, y).backward()
        optimizer.step()
    return adapted


# %% q2: in numpy
def adapt(w, X, y, lr, steps):
    v, A, b = w.detach().numpy().copy(), X.numpy(), y.numpy()
    for _ in range(steps):
        v = v - lr * 2 / len(A) * A.T @ (A @ v - b)
    return torch.from_numpy(v)


# %% q2: gradient always at the start
def adapt(w, X, y, lr, steps):
    slope = gradient(w, X, y)
    for _ in range(steps):
        w = w - lr * slope
    return w


# %% q2: number of steps ignored
def adapt(w, X, y, lr, steps):
    return w - lr * gradient(w, X, y)


# %% q2: at least one step
def adapt(w, X, y, lr, steps):
    w = w - lr * gradient(w, X, y)
    for _ in range(1, steps):
        w = w - lr * gradient(w, X, y)
    return w


# %% q2: one step too many
def adapt(w, X, y, lr, steps):
    step = 0
    while step <= steps:
        w = w - lr * gradient(w, X, y)
        step += 1
    return w


# %% q2: uphill
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w = w + lr * gradient(w, X, y)
    return w


# %% q2: factor two missing
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w = w - lr * X.T @ (X @ w - y) / len(X)
    return w


# %% q2: step size hard-coded
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w = w - 0.1 * gradient(w, X, y)
    return w


# %% q2: number of steps hard-coded
def adapt(w, X, y, lr, steps):
    for _ in range(5):
        w = w - lr * gradient(w, X, y)
    return w


# %% q2: right, but overwrites the inputs
def adapt(w, X, y, lr, steps):
    X /= len(X) ** 0.5
    for _ in range(steps):
        w = w - 2 * lr * X.T @ (X @ w - y / len(y) ** 0.5)
    return w


# %% q2: overwrites the start
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w.data -= lr * gradient(w.data, X, y)
    return w


# %% q2: returns the loss
def adapt(w, X, y, lr, steps):
    for _ in range(steps):
        w = w - lr * gradient(w, X, y)
    return (X @ w - y).square().mean()


# %% q2: stochastic, one example a step
def adapt(w, X, y, lr, steps):
    for i in range(steps):
        j = i % len(X)
        w = w - lr * gradient(w, X[j : j + 1], y[j : j + 1])
    return w


# %% q3: first order
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        adapted = w - lr * gradient(w, X, y)
        result += gradient(adapted, X_val, y_val)
    return result / len(support[0])


# %% q3: sum over the tasks
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
        result += outer - lr * 2 / len(X) * X.T @ X @ outer
    return result


# %% q3: hessian without its factor two
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
        result += outer - lr / len(X) * X.T @ X @ outer
    return result / len(support[0])


# %% q3: hessian without 1/n
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
        result += outer - 2 * lr * X.T @ X @ outer
    return result / len(support[0])


# %% q3: hessian divided by the number of query examples
def meta_gradient(w, support, query, lr):
    (X, y), (X_val, y_val) = support, query
    adapted = w - lr * 2 / X.shape[1] * torch.einsum("tnd,tn->td", X, X @ w - y)
    residual = torch.einsum("tmd,td->tm", X_val, adapted) - y_val
    outer = 2 / X_val.shape[1] * torch.einsum("tmd,tm->td", X_val, residual)
    hessian = 2 / X_val.shape[1] * torch.einsum("tnd,tne->tde", X, X)
    return (outer - lr * torch.einsum("tde,te->td", hessian, outer)).mean(0)


# %% q3: hessian of the query loss
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
        result += outer - lr * 2 / len(X_val) * X_val.T @ X_val @ outer
    return result / len(support[0])


# %% q3: sign of the hessian
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
        result += outer + lr * 2 / len(X) * X.T @ X @ outer
    return result / len(support[0])


# %% q3: outer gradient at w
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        jacobian = torch.eye(len(w)) - lr * 2 / len(X) * X.T @ X
        result += jacobian @ gradient(w, X_val, y_val)
    return result / len(support[0])


# %% q3: support and query swapped
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*query, *support):
        outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
        result += outer - lr * 2 / len(X) * X.T @ X @ outer
    return result / len(support[0])


# %% q3: support set judged in place of the query set
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y in zip(*support):
        outer = gradient(w - lr * gradient(w, X, y), X, y)
        result += outer - lr * 2 / len(X) * X.T @ X @ outer
    return result / len(support[0])


# %% q3: all tasks pooled into one
def meta_gradient(w, support, query, lr):
    (X, y), (X_val, y_val) = support, query
    X, X_val = X.flatten(0, 1), X_val.flatten(0, 1)
    y, y_val = y.flatten(), y_val.flatten()
    outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
    return outer - lr * 2 / len(X) * X.T @ X @ outer


# %% q3: first task only
def meta_gradient(w, support, query, lr):
    X, y, X_val, y_val = support[0][0], support[1][0], query[0][0], query[1][0]
    outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
    return outer - lr * 2 / len(X) * X.T @ X @ outer


# %% q3: mean of the jacobians times mean of the gradients
def meta_gradient(w, support, query, lr):
    outers, jacobians = [], []
    for X, y, X_val, y_val in zip(*support, *query):
        outers.append(gradient(w - lr * gradient(w, X, y), X_val, y_val))
        jacobians.append(torch.eye(len(w)) - lr * 2 / len(X) * X.T @ X)
    return torch.stack(jacobians).mean(0) @ torch.stack(outers).mean(0)


# %% q3: adapts from task to task
def meta_gradient(w, support, query, lr):
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        w = w - lr * gradient(w, X, y)
        outer = gradient(w, X_val, y_val)
        result += outer - lr * 2 / len(X) * X.T @ X @ outer
    return result / len(support[0])


# %% q3: inner step size hard-coded
def meta_gradient(w, support, query, lr):
    lr = 0.1
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        outer = gradient(w - lr * gradient(w, X, y), X_val, y_val)
        result += outer - lr * 2 / len(X) * X.T @ X @ outer
    return result / len(support[0])


# %% q3: right, but overwrites the support targets
def meta_gradient(w, support, query, lr):
    (X, y), (X_val, y_val) = support, query
    y -= X @ w
    steps = 2 * lr / X.shape[1] * torch.einsum("tnd,tn->td", X, y)
    residual = torch.einsum("tmd,td->tm", X_val, w + steps) - y_val
    outer = 2 / X_val.shape[1] * torch.einsum("tmd,tm->td", X_val, residual)
    inner = torch.einsum("tnd,td->tn", X, outer)
    return (outer - 2 * lr / X.shape[1] * torch.einsum("tnd,tn->td", X, inner)).mean(0)


# %% q3: right, but overwrites the start
def meta_gradient(w, support, query, lr):
    start = w.clone()
    result = torch.zeros_like(w)
    for X, y, X_val, y_val in zip(*support, *query):
        w.copy_(start)
        w -= lr * gradient(w, X, y)
        outer = gradient(w, X_val, y_val)
        result += outer - lr * 2 / len(X) * X.T @ X @ outer
    return result / len(support[0])


# %% q3: automatic differentiation in place of a formula
def meta_gradient(w, support, query, lr):
    def meta_loss(w):
        losses = []
        for X, y, X_val, y_val in zip(*support, *query):
            adapted = adapt(w, X, y, lr, 1)
            losses.append((X_val @ adapted - y_val).square().mean())
        return torch.stack(losses).mean()

    return torch.func.grad(meta_loss)(w)


# %% q3: torch.autograd in place of a formula
def meta_gradient(w, support, query, lr):
    leaf = w.detach().clone().requires_grad_()
    meta_loss = 0
    for X, y, X_val, y_val in zip(*support, *query):
        adapted = adapt(leaf, X, y, lr, 1)
        meta_loss = meta_loss + (X_val @ adapted - y_val).square().mean()
    (meta_loss / len(support[0])).backward()
    return leaf.grad


# %% q4: create_graph missing
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = start
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q4: first order, gradient at the adapted parameters
def maml_gradient(loss, parameters, support, query, lr, steps):
    adapted = [p.detach().clone().requires_grad_() for p in parameters]
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=True)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), adapted))


# %% q4: detached after every step
def maml_gradient(loss, parameters, support, query, lr, steps):
    adapted = [p.detach().clone().requires_grad_() for p in parameters]
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted)
        adapted = [(p - lr * g).detach().requires_grad_() for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), adapted))


# %% q4: only the last step second order
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = start
    for i in range(steps):
        last = i == steps - 1
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=last)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q4: right, but fills the parameters' .grad
def maml_gradient(loss, parameters, support, query, lr, steps):
    for p in parameters:
        p.requires_grad_()
        p.grad = None
    adapted = list(parameters)
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=True)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    loss(adapted, query).backward()
    return [p.grad for p in parameters]


# %% q4: right, but clears the parameters' .grad
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.requires_grad_() for p in parameters]
    for p in start:
        p.grad = None
    adapted = start
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=True)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    loss(adapted, query).backward()
    result = [p.grad.clone() for p in start]
    for p in start:
        p.grad = None
    return result


# %% q4: one inner step, whatever is asked
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    slopes = torch.autograd.grad(loss(start, support), start, create_graph=True)
    adapted = [p - lr * g for p, g in zip(start, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q4: inner gradient always at the start
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    slopes = torch.autograd.grad(loss(start, support), start, create_graph=True)
    adapted = start
    for _ in range(steps):
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q4: support and query swapped
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = start
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, query), adapted, create_graph=True)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, support), start))


# %% q4: parameters adapt one after the other
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = list(start)
    for _ in range(steps):
        for i in range(len(adapted)):
            (slope,) = torch.autograd.grad(
                loss(adapted, support), adapted[i], create_graph=True
            )
            adapted[i] = adapted[i] - lr * slope
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q4: only the first parameter adapts
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = list(start)
    for _ in range(steps):
        (slope,) = torch.autograd.grad(
            loss(adapted, support), adapted[0], create_graph=True
        )
        adapted[0] = adapted[0] - lr * slope
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q4: one long vector in place of a list
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = start
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=True)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
    slopes = torch.autograd.grad(loss(adapted, query), start)
    return torch.cat([slope.flatten() for slope in slopes])


# %% q4: adapts the parameters in place
def maml_gradient(loss, parameters, support, query, lr, steps):
    for p in parameters:
        p.requires_grad_()
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(parameters, support), parameters)
        with torch.no_grad():
            for p, g in zip(parameters, slopes):
                p -= lr * g
    return list(torch.autograd.grad(loss(parameters, query), parameters))


# %% q4: right, but replaces the entries of the list of parameters
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    for i, p in enumerate(start):
        parameters[i] = p
    for _ in range(steps):
        slopes = torch.autograd.grad(
            loss(parameters, support), parameters, create_graph=True
        )
        for i, slope in enumerate(slopes):
            parameters[i] = parameters[i] - lr * slope
    return list(torch.autograd.grad(loss(parameters, query), start))


# %% q4: uphill
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = start
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=True)
        adapted = [p + lr * g for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q4: support loss added to the outer loss
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted, total = start, 0.0
    for _ in range(steps):
        inner = loss(adapted, support)
        slopes = torch.autograd.grad(inner, adapted, create_graph=True)
        adapted = [p - lr * g for p, g in zip(adapted, slopes)]
        total = total + inner
    return list(torch.autograd.grad(total + loss(adapted, query), start))


# %% q4: query gradient at the start
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    return list(torch.autograd.grad(loss(start, query), start))


# %% q4: hard-coded linear model and mean squared error
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]

    def squared(adapted, data):
        X, y = data
        return (X @ adapted[0] - y).square().mean()

    w = start[0]
    for _ in range(steps):
        (slope,) = torch.autograd.grad(squared([w], support), w, create_graph=True)
        w = w - lr * slope
    return list(torch.autograd.grad(squared([w], query), start))


# %% q4: step size hard-coded
def maml_gradient(loss, parameters, support, query, lr, steps):
    start = [p.detach().clone().requires_grad_() for p in parameters]
    adapted = start
    for _ in range(steps):
        slopes = torch.autograd.grad(loss(adapted, support), adapted, create_graph=True)
        adapted = [p - 0.1 * g for p, g in zip(adapted, slopes)]
    return list(torch.autograd.grad(loss(adapted, query), start))


# %% q5: one-sided differences
def finite_differences(f, w, step=1e-4):
    result = torch.zeros_like(w)
    for i in range(len(w)):
        moved = w.clone()
        moved[i] += step
        result[i] = (f(moved) - f(w)) / step
    return result


# %% q5: backward differences
def finite_differences(f, w, step=1e-4):
    return torch.stack([(f(w) - f(w - step * e)) / step for e in torch.eye(len(w))])


# %% q5: step ignored
def finite_differences(f, w, step=1e-4):
    h = 1e-5
    eye = torch.eye(len(w))
    return torch.stack([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in eye])


# %% q5: divided by the step, not by twice the step
def finite_differences(f, w, step=1e-4):
    eye = torch.eye(len(w))
    return torch.stack([(f(w + step * e) - f(w - step * e)) / step for e in eye])


# %% q5: half the step to each side
def finite_differences(f, w, step=1e-4):
    half = step / 2
    eye = torch.eye(len(w))
    return torch.stack([(f(w + half * e) - f(w - half * e)) / step for e in eye])


# %% q5: step relative to each entry
def finite_differences(f, w, step=1e-4):
    result = torch.zeros_like(w)
    for i in range(len(w)):
        h = step * float(w[i].abs())
        e = torch.zeros_like(w)
        e[i] = h
        result[i] = (f(w + e) - f(w - e)) / (2 * h)
    return result


# %% q5: five points, with steps of another size
def finite_differences(f, w, step=1e-4):
    result = torch.zeros_like(w)
    for i, e in enumerate(step * torch.eye(len(w))):
        near, far = f(w + e) - f(w - e), f(w + 2 * e) - f(w - 2 * e)
        result[i] = (8 * near - far) / (12 * step)
    return result


# %% q5: sign error
def finite_differences(f, w, step=1e-4):
    result = torch.zeros_like(w)
    for i in range(len(w)):
        up, down = w.clone(), w.clone()
        up[i] += step
        down[i] -= step
        result[i] = (f(down) - f(up)) / (2 * step)
    return result


# %% q5: all entries moved at once
def finite_differences(f, w, step=1e-4):
    slope = (f(w + step) - f(w - step)) / (2 * step)
    return slope * torch.ones_like(w)


# %% q5: automatic differentiation
def finite_differences(f, w, step=1e-4):
    return torch.func.grad(f)(w)


# %% q5: moved entries never moved back
def finite_differences(f, w, step=1e-4):
    moved = w.clone()
    result = torch.zeros_like(w)
    for i in range(len(w)):
        moved[i] += step
        above = f(moved)
        moved[i] -= 2 * step
        result[i] = (above - f(moved)) / (2 * step)
    return result


# %% q5: overwrites its argument
def finite_differences(f, w, step=1e-4):
    result = torch.zeros_like(w)
    for i in range(len(w)):
        w[i] += step
        above = f(w)
        w[i] -= 2 * step
        below = f(w)
        result[i] = (above - below) / (2 * step)
    return result


# %% q5: a copy that is none
def finite_differences(f, w, step=1e-4):
    result = torch.zeros_like(w)
    for i in range(len(w)):
        up = w
        down = w
        up[i] += step
        down[i] -= step
        result[i] = (f(up) - f(down)) / (2 * step)
    return result


# %% q5: length hard-coded
def finite_differences(f, w, step=1e-4):
    result = torch.zeros_like(w)
    for i in range(3):
        e = torch.zeros_like(w)
        e[i] = step
        result[i] = (f(w + e) - f(w - e)) / (2 * step)
    return result


# %% q5: gradient of the mean squared error, hard-coded
def finite_differences(f, w, step=1e-4):
    return 2 * w


# %% q6: U adapts in the inner loop too
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(U):
        slopes = torch.func.grad(loss, argnums=(0, 1))(U, v, support)
        return loss(U - lr * slopes[0], v - lr * slopes[1], query)

    return torch.func.grad(after)(U)


# %% q6: column-major vec
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(x.shape[1], y.shape[1]).T
        return (x @ W.T - y).square().mean()

    def after(U):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q6: adapted filter detached, so first order
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
    return torch.func.grad(loss)(U, adapted, query)


# %% q6: only through the adapted filter
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(shared):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(shared, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q6: create_graph missing
def sharing_gradient(U, v, support, query, lr):
    U = U.detach().clone().requires_grad_()
    v = v.detach().clone().requires_grad_()
    x, y = support
    m, n = y.shape[1], x.shape[1]
    inner = (x @ (U @ v).reshape(m, n).T - y).square().mean()
    (slope,) = torch.autograd.grad(inner, v)
    x, y = query
    outer = (x @ (U @ (v - lr * slope)).reshape(m, n).T - y).square().mean()
    return torch.autograd.grad(outer, U)[0]


# %% q6: filter does not adapt
def sharing_gradient(U, v, support, query, lr):
    x, y = query
    residual = x @ (U @ v).reshape(y.shape[1], x.shape[1]).T - y
    slope = 2 / y.numel() * residual.T @ x
    return torch.outer(slope.flatten(), v)


# %% q6: support and query swapped
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(U):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, query)
        return loss(U, adapted, support)

    return torch.func.grad(after)(U)


# %% q6: sum over the outputs, mean over the examples
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().sum(1).mean()

    def after(U):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q6: factor two missing
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean() / 2

    def after(U):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q6: layer transposed
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(x.shape[1], y.shape[1])
        return (x @ W - y).square().mean()

    def after(U):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q6: square layers only
def sharing_gradient(U, v, support, query, lr):
    side = round(len(U) ** 0.5)

    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(side, side)
        return (x @ W.T - y).square().mean()

    def after(U):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q6: filter moves uphill
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(U):
        adapted = v + lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q6: right, but adapts the filter in place
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(U, v):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    result = torch.func.grad(after)(U, v)
    v -= lr * torch.func.grad(loss, argnums=1)(U, v, support)
    return result


# %% q6: right, but takes the step in U
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(U):
        adapted = v - lr * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    slope = torch.func.grad(after)(U)
    U -= lr * slope
    return slope


# %% q6: gradient with respect to the filter
def sharing_gradient(U, v, support, query, lr):
    def loss(v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(v):
        return loss(v - lr * torch.func.grad(loss)(v, support), query)

    return torch.func.grad(after)(v)


# %% q6: step size hard-coded
def sharing_gradient(U, v, support, query, lr):
    def loss(U, v, data):
        x, y = data
        W = (U @ v).reshape(y.shape[1], x.shape[1])
        return (x @ W.T - y).square().mean()

    def after(U):
        adapted = v - 0.1 * torch.func.grad(loss, argnums=1)(U, v, support)
        return loss(U, adapted, query)

    return torch.func.grad(after)(U)


# %% q7: inverse of the largest curvature
def largest_step(X):
    return float(1 / torch.linalg.eigvalsh(2 / len(X) * X.T @ X).max())


my_limit = largest_step(X_mine)


# %% q7: hessian without 1/n
def largest_step(X):
    return 2 / torch.linalg.eigvalsh(2 * X.T @ X)[-1].item()


my_limit = largest_step(X_mine)


# %% q7: hessian without its factor two
def largest_step(X):
    return 2 / torch.linalg.eigvalsh(X.T @ X / len(X))[-1].item()


my_limit = largest_step(X_mine)


# %% q7: singular value not squared
def largest_step(X):
    return len(X) / torch.linalg.matrix_norm(X, 2).item()


my_limit = largest_step(X_mine)


# %% q7: smallest eigenvalue
def largest_step(X):
    hessian = 2 / len(X) * X.T @ X
    return 2 / torch.linalg.eigvalsh(hessian)[0].item()


my_limit = largest_step(X_mine)


# %% q7: fastest step, not the largest
def largest_step(X):
    eigenvalues = torch.linalg.eigvalsh(2 / len(X) * X.T @ X)
    return 2 / (eigenvalues[0] + eigenvalues[-1]).item()


my_limit = largest_step(X_mine)


# %% q7: trace in place of the largest eigenvalue
def largest_step(X):
    return 2 / torch.trace(2 / len(X) * X.T @ X).item()


my_limit = largest_step(X_mine)


# %% q7: largest row in place of the largest eigenvalue
def largest_step(X):
    return float(1 / X.square().sum(1).max())


my_limit = largest_step(X_mine)


# %% q7: divided by the number of weights
def largest_step(X):
    return X.shape[1] / torch.linalg.svdvals(X)[0].item() ** 2


my_limit = largest_step(X_mine)


# %% q7: covariance, so inputs centred
def largest_step(X):
    return float(1 / torch.linalg.eigvalsh(torch.cov(X.T, correction=0)).max())


my_limit = largest_step(X_mine)


# %% q7: search for convergence on a coarse grid
def largest_step(X):
    hessian = 2 / len(X) * X.T @ X
    best = 0.0
    for lr in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0):
        w = torch.ones(X.shape[1])
        for _ in range(100):
            w = w - lr * hessian @ w
        if w.norm() < 1:
            best = lr
    return best


my_limit = largest_step(X_mine)


# %% q7: hard-coded
def largest_step(X):
    return 0.8656707986916375


my_limit = largest_step(X_mine)


# %% q7: number of examples hard-coded
def largest_step(X):
    return 12 / torch.linalg.svdvals(X)[0].item() ** 2


my_limit = largest_step(X_mine)


# %% q7: right, but overwrites the inputs
def largest_step(X):
    X /= len(X) ** 0.5
    return 1 / torch.linalg.svdvals(X)[0].item() ** 2


my_limit = largest_step(X_mine.clone())


# %% q7: function right, number of another version
def largest_step(X):
    return len(X) / torch.linalg.svdvals(X)[0].item() ** 2


my_limit = 0.516342155203971


# %% q7: function right, number roughly rounded
def largest_step(X):
    return len(X) / torch.linalg.svdvals(X)[0].item() ** 2


my_limit = round(largest_step(X_mine), 1)


# %% q7: function right, number not stored
def largest_step(X):
    return len(X) / torch.linalg.svdvals(X)[0].item() ** 2


my_limit = ...


# %% q7: function right, number of other inputs
def largest_step(X):
    return len(X) / torch.linalg.svdvals(X)[0].item() ** 2


X_mine = torch.randn(12, 5, generator=torch.Generator().manual_seed(seed))
my_limit = largest_step(X_mine)
