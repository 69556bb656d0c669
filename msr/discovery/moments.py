"""What a linear layer's data say of weights that some entries share: sums over examples.

With the same inputs in every channel, ``y_c = W_c x + noise``, and entries of one class
equal, ``W_c[i, j] = a_c[class of (i, j)]``, all that is needed are ``G = x^T x``,
``B_c = y_c^T x`` and the sum of squares of y.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .type_two import Spectrum, maximum

Classes = Int[np.ndarray, "m n"]


@dataclass(frozen=True)
class Moments:
    """Sums over examples.

    Attributes:
        x: shape (examples, n).
        y: shape (channels, examples, m).
        gram: G; shape (n, n).
        cross: B; shape (m, n, channels).
        squares: the sum of squares of y.
        least_noise: a standard deviation that is rounding.
    """

    x: Float[np.ndarray, "examples n"]
    y: Float[np.ndarray, "channels examples m"]
    gram: Float[np.ndarray, "n n"]
    cross: Float[np.ndarray, "m n channels"]
    squares: float
    least_noise: float

    @classmethod
    def of(
        cls,
        x: Float[np.ndarray, "examples n"],
        y: Float[np.ndarray, "channels examples m"],
        least_noise: float,
    ) -> "Moments":
        """The sums of some data."""
        cross = np.einsum("ej,cei->ijc", x, y)
        return cls(x, y, x.T @ x, cross, float((y * y).sum()), least_noise)

    def of_classes(
        self, classes: Classes, number: int
    ) -> tuple[Float[np.ndarray, "k k"], Float[np.ndarray, "k channels"]]:
        """Gram matrix and moments of what all entries of a class multiply."""
        member = np.eye(number)[classes]  # m, n, k
        gram = np.einsum("ijk,jl,ilh->kh", member, self.gram, member, optimize=True)
        return gram, np.tensordot(member, self.cross, ((0, 1), (0, 1)))


@dataclass(frozen=True)
class SharedFit:
    """Values of classes, and their evidence.

    Attributes:
        log_evidence: at the best noise and width.
        values: the mean of each class's value; shape (k, channels).
        noise: its standard deviation.
        ridge: noise variance over prior variance.
    """

    log_evidence: float
    values: Float[np.ndarray, "k channels"]
    noise: float
    ridge: float


def fit_of(
    moments: Moments,
    gram: Float[np.ndarray, "k k"],
    cross: Float[np.ndarray, "k channels"],
    refined: bool = True,
) -> SharedFit:
    """The evidence of values ``a ~ N(0, t^2)``, noise and t fitted."""
    curvatures, axes = np.linalg.eigh(gram)
    sizes = np.sqrt(np.maximum(curvatures, 0))
    kept = sizes > 1e-7 * sizes.max(initial=0.0)
    turned = axes[:, kept].T @ cross / sizes[kept, None]
    channels = cross.shape[1]
    squares = np.square(turned).sum(1)
    best = maximum(
        Spectrum(
            sizes=sizes[kept],
            multiplicity=np.full(int(kept.sum()), float(channels)),
            squares=squares[None],
            rest=np.array([max(moments.squares - float(squares.sum()), 0.0)]),
            count=moments.y.size,
            least_noise=np.array([moments.least_noise]),
        ),
        refined=refined,
    )
    ratio = float(best.ratio[0])
    shrunk = ratio * sizes[kept, None] / (1 + ratio * sizes[kept, None] ** 2) * turned
    return SharedFit(
        float(best.log_evidence[0]),
        axes[:, kept] @ shrunk,
        float(best.noise[0]),
        1 / ratio if ratio else np.inf,
    )
