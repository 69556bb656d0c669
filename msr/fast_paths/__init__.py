"""Quicker ways to the numbers of the meta-learner: see README.md in this folder.

The algebra of this room has one layout of tensors. The first axis is over tasks.

- ``X`` (tasks, n, columns): inputs as columns. For a linear layer a column is an example;
  further axes of features give more columns. For a convolution a column is what one
  position of one example sees, its window.
- ``Y`` (tasks, m, columns): targets, in the order of X's columns.
- ``W`` (tasks, m, n): weights, ``flatten(1)`` of a layer's weight, so that predictions are
  ``W X + b``.
- ``N = m * columns``: the number of a task's targets. The mean squared error is
  ``|W X + b - Y|^2 / N``.
- ``J`` (tasks, k, columns * m): the derivative of the predictions ``W X`` with respect to
  the filter v, a row for each of its k parameters. Predictions are laid out column after
  column here; ``vec(W)`` alone is row-major, as in the book.
- ``H`` (tasks, s, s) and ``c`` (tasks, r, s): a step of the descent is
  ``v <- v - alpha (v H - c)``, with v (tasks, r, s) in whatever space it runs: filters have
  r = 1 and s = k, weights r = m and s = n, columns r = m and s = columns.

For example: five examples for ``nn.Linear(6, 4)`` are n = 6, m = 4, columns = 5. Five
images of 2 x 5 x 4 numbers for ``nn.Conv2d(2, 3, kernel_size=2)`` are n = 2 * 2 * 2 = 8,
m = 3, columns = 5 * (4 * 3) = 60.
"""
