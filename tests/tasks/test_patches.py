"""ShuffledPatches: filters on whitened patches, whose pixels are in a secret order."""

import pytest
import torch
from torch import Tensor

import msr

SIZE, OUTER = 4, 6


@pytest.fixture(scope="module")
def photographs() -> list[Tensor]:
    """Smooth images, whose pixels are correlated."""
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(n, n + 5, generator=generator, device="cpu") for n in (20, 30)]
    return [7 + image.cumsum(0).cumsum(1) ** 0.5 for image in images]


def small(photographs: list[Tensor], **settings) -> msr.ShuffledPatches:
    return msr.ShuffledPatches(photographs, SIZE, patches=300, **settings)


def whitening(photographs: list[Tensor], tasks: msr.ShuffledPatches) -> Tensor:
    """C^(-1/2) by Newton's iteration, from the patches as the class cuts them."""
    inner = tasks._windows[:, 1:-1, 1:-1].flatten(1)
    C = inner.T @ inner / len(inner)
    Y, Z = C / C.trace(), torch.eye(len(C), dtype=C.dtype)
    for _ in range(60):
        T = (3 * torch.eye(len(C), dtype=C.dtype) - Z @ Y) / 2
        Y, Z = Y @ T, T @ Z
    return Z / C.trace().sqrt()


def test_patches_are_cut_from_standardized_photographs(photographs) -> None:
    tasks = small(photographs)
    expected = []
    for image in photographs:
        image = image.double()
        expected.append((image - image.mean()) / image.std())
    for number, window in enumerate(tasks._windows[:20]):
        image = expected[number % 2]
        height, width = image.shape
        places = [
            image[i : i + OUTER, j : j + OUTER]
            for i in range(height - OUTER + 1)
            for j in range(width - OUTER + 1)
        ]
        assert min(float((place - window).abs().max()) for place in places) < 1e-12


def test_a_photograph_of_one_patch_is_cut_whole(photographs) -> None:
    image = photographs[0][:OUTER, :OUTER]
    windows = msr.ShuffledPatches([image], SIZE, patches=3)._windows
    whole = (image.double() - image.double().mean()) / image.double().std()
    assert torch.equal(windows, whole.expand(3, OUTER, OUTER))


def test_a_task_is_one_filter_on_all_of_its_patches(photographs, float64) -> None:
    """By hand: filter, whiten, scale and reorder, one number at a time."""
    tasks = small(photographs, noise=0.0, floor=1e-12)
    batch = tasks.batch("test", [3, 1])
    W = whitening(photographs, tasks)
    for place, number in enumerate((3, 1)):
        chosen, kernel, _ = tasks._own("test", number)
        x, y = torch.zeros(2, 8, SIZE * SIZE)
        for e, window in enumerate(tasks._windows[chosen]):
            inner, filtered = torch.zeros(2, SIZE, SIZE)
            for i in range(SIZE):
                for j in range(SIZE):
                    inner[i, j] = window[i + 1, j + 1]
                    filtered[i, j] = sum(
                        kernel[a, b] * window[i + a, j + b]
                        for a in range(3)
                        for b in range(3)
                    )
            x[e], y[e] = W @ inner.flatten(), W @ filtered.flatten()
        y = y / (y**2).mean() ** 0.5
        for ours, theirs in (
            (torch.cat([batch.x_support, batch.x_query], 1)[place], x),
            (torch.cat([batch.y_support, batch.y_query], 1)[place], y),
        ):
            shuffled = torch.stack([theirs[:, p] for p in tasks.order.tolist()], 1)
            torch.testing.assert_close(ours.cpu(), shuffled, rtol=1e-5, atol=1e-6)


def test_no_correlation_is_left(photographs, float64) -> None:
    tasks = small(photographs, floor=1e-12)
    x = tasks.inputs()
    eye = torch.eye(SIZE**2)
    assert x.shape == (300, SIZE**2)
    assert (x.T @ x / len(x) - eye).abs().max() < 1e-6
    raw = tasks._windows[:, 1:-1, 1:-1].flatten(1)
    assert (raw.T @ raw / len(raw) - eye).abs().max() > 0.5  # must fail before


def test_a_floor_leaves_small_directions_small(photographs, float64) -> None:
    x = small(photographs, floor=0.01).inputs()
    sizes = torch.linalg.eigvalsh(x.T @ x / len(x))
    assert float(sizes.max()) == pytest.approx(1)
    assert float(sizes.min()) < 0.5


def test_one_order_or_one_for_each_task(photographs) -> None:
    shared, own = small(photographs), small(photographs, one_order=False)
    assert sorted(shared.order.tolist()) == list(range(SIZE**2))
    orders = {
        tuple(tasks._own("train", i)[2].tolist()) for tasks in (shared,) for i in (0, 1)
    }
    assert orders == {tuple(shared.order.tolist())}
    assert len({tuple(own._own("train", i)[2].tolist()) for i in range(5)}) == 5
    # otherwise they are the same tasks
    for i in range(3):
        a, b = shared._own("train", i), own._own("train", i)
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[1], b[1])
    assert not torch.equal(small(photographs, seed=1).order, shared.order)


def test_tasks_are_the_same_each_time_and_differ_from_each_other(photographs) -> None:
    first, again = small(photographs), small(photographs)
    x = first.batch("train", [0, 1, 0]).x_support
    assert torch.equal(x, again.batch("train", [0, 1, 0]).x_support)
    assert torch.equal(x[0], x[2])
    assert not torch.equal(x[0], x[1])
    assert not torch.equal(x[0], first.batch("test", [0]).x_support[0])
    some = first.batch("train", [1], support=2, query=1)
    assert torch.equal(some.x_support[0], x[1, :2])
    assert some.y_query.shape == (1, 1, SIZE**2)
    assert repr(first) == repr(again) != repr(small(photographs[:1]))


def test_noise_is_on_support_targets_alone(photographs) -> None:
    clean, noisy = (small(photographs, noise=noise) for noise in (0.0, 0.5))
    a, b = (tasks.batch("train", range(200)) for tasks in (clean, noisy))
    difference = b.y_support - a.y_support
    assert float(difference.std()) == pytest.approx(0.5, rel=0.05)
    for name in ("x_support", "x_query", "y_query"):
        assert torch.equal(getattr(a, name), getattr(b, name))


def test_a_scrambled_image(photographs) -> None:
    tasks = small(photographs)
    image = torch.arange(8 * 12.0).reshape(8, 12)
    scrambled = tasks.scramble(image)
    for top in (0, 4):
        for left in (0, 4, 8):
            for number, pixel in enumerate(tasks.order.tolist()):
                i, j = divmod(number, SIZE)
                a, b = divmod(pixel, SIZE)
                assert scrambled[top + i, left + j] == image[top + a, left + b]


@pytest.mark.bad_input
def test_wrong_settings(photographs) -> None:
    for error, words, settings in (
        (ValueError, "at least one photograph, got none", {"photographs": []}),
        (ValueError, r"both at least 6, got \(5, 9\)", {"photographs": [torch.rand(5, 9)]}),
        (
            ValueError,
            "to show something, got one grey",
            {"photographs": [torch.ones(9, 9)]},
        ),
        (ValueError, "an odd kernel_size, got 2", {"kernel_size": 2}),
        (ValueError, "0 < floor <= 1, got 0", {"floor": 0.0}),
    ):
        with pytest.raises(error, match=words):
            msr.ShuffledPatches(**({"photographs": photographs, "size": SIZE} | settings))
    with pytest.raises(ValueError, match=r"multiples of 4 and 4, got \(4, 6\)"):
        small(photographs).scramble(torch.ones(4, 6))
    with pytest.raises(ValueError, match="have no others"):
        small(photographs).batch("val", [0])
