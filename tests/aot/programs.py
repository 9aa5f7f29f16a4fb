"""Functions as people write them, and arguments to call them with; every rung must answer as Python does."""

from collections.abc import Callable
from typing import Any

import numpy as np

PROGRAMS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
RNG = np.random.default_rng(7)
V, W = RNG.standard_normal(100).astype("f4"), RNG.standard_normal(100).astype("f4")
M, K = RNG.standard_normal((17, 23)).astype("f4"), RNG.standard_normal((23, 9)).astype("f4")
D, S = RNG.standard_normal((12, 12)), RNG.standard_normal(12)
LEFT, RIGHT = RNG.integers(-50, 50, 40), RNG.integers(1, 9, 40)
B = RNG.integers(0, 256, 64).astype("u1")
Z = RNG.standard_normal(30) + 1j * RNG.standard_normal(30)
ODD = np.array([0.0, -0.0, 1.5, -2.5, np.inf, -np.inf, np.nan, 1e-40, 3e38], "f4")


def program(*arguments: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        PROGRAMS.append((function, arguments))
        return function

    return register


@program(V, W, V)
def saxpy(a, b, c):
    return a * b + c


@program(V, 2.5, 3)
def weak_numbers_keep_the_width(a, x, k):
    return a * x + k, x / k, k // 2, k % 2, -k, x**2


@program(M, M[0])
def rows_broadcast(m, row):
    return (m - row) / (1 + np.abs(row))


@program(M[:, ::2], M[::-1, ::-2])
def strides_may_be_anything(a, b):
    return a + b


@program(M)
def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@program(M)
def layer_norm(x):
    mean = x.mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)


@program(M)
def reductions_along_any_axis(x):
    return x.sum(), x.sum(axis=0), x.max(axis=1), x.mean(axis=(0, 1)), x.min(), x.argmax(axis=0), x.prod(axis=1)


@program(M > 0)
def booleans(m):
    return m.any(axis=0), m.all(), np.count_nonzero(m), ~m


@program(M, K, K[0])
def residual(x, w, b):
    return np.maximum(x @ w + b, 0) + b


@program(D, S)
def products(a, v):
    return a @ v, v @ a, v @ v, a @ a, np.outer(v, v), np.dot(a, v)


@program(np.stack([D, D + 1]), D)
def stacks_of_matrices(a, b):
    return a @ b


@program(V, V + 1)
def max_abs_diff(a, b):
    return np.max(np.abs(a - b))


@program(S)
def prefix(x):
    return np.cumsum(x), np.cumprod(x)


@program(M)
def prefix_along_axes(x):
    return np.cumsum(x, axis=0), np.cumsum(x, axis=1)


@program(D.copy(), 4)
def jacobi(a, steps):
    b = np.zeros_like(a)
    for _ in range(steps):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])
        a[1:-1, 1:-1] = 0.2 * (b[1:-1, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] + b[2:, 1:-1] + b[:-2, 1:-1])
    return b


@program(S.copy())
def a_store_that_reads_what_it_writes(x):
    x[1:] = x[:-1] + x[1:]
    x[:] = x[::-1]
    return x.sum()


@program(D @ D.T + 12 * np.eye(12))
def cholesky(a):
    for i in range(a.shape[0]):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[j, :j]
            a[i, j] /= a[j, j]
        a[i, i] -= a[i, :i] @ a[i, :i]
        a[i, i] = np.sqrt(a[i, i])


@program(LEFT, RIGHT)
def integers_divide_as_in_numpy(a, b):
    return a // b, a % b, a / b, a >> 1, a & 7, np.sign(a), abs(a), a**3


@program(B)
def crc(data):
    crc = 0xFFFF
    for b in data:
        byte = 0xFF & b
        for _ in range(8):
            if (crc & 1) ^ (byte & 1):
                crc = (crc >> 1) ^ 0x8408
            else:
                crc >>= 1
            byte >>= 1
    return crc & 0xFFFF


@program(Z, Z[::-1])
def complex_numbers(a, b):
    return a * b + 1j, a / b, np.abs(a), a.real, b.imag, np.conj(a), a == b


@program(V)
def masks(x):
    y = x.copy()
    y[y < 0] = 0
    y[y > 1] *= 2
    return y, x[x > 0].sum(), np.where(x > 0, x, -x)


@program(ODD, ODD[::-1])
def nan_and_infinity_are_kept(a, b):
    return np.maximum(a, b), np.minimum(a, b), a + b, a * 0, np.isnan(a), a < b, a.max(), a.min(), np.sqrt(a)


@program(V)
def views_look_at_the_same_memory(x):
    y = x.copy()
    top = y[:10]
    y[2] = 7
    top[3] = 8
    return top + 0, y


@program(7, 0.5)
def scalars_in_loops(n, x):
    total, k = 0, 1.0
    for i in range(n):
        if i % 2 == 0 and i > 2:
            total += i
        else:
            k = k * x
    while k < 100:
        k = k * 3 + 1
    return total, k


@program(V)
def newton(x):
    y = np.ones_like(x)
    for _ in range(6):
        y = 0.5 * (y + np.abs(x) / (y + 1e-3))
    return y


@program(V, 3)
def early_return(x, k):
    if k > 5:
        return x + 1
    return x - 1


@program(S, np.array([3, -1, 0, 11]))
def gather(x, at):
    return x[at], x[at + 0] * 2


@program(M)
def shapes(x):
    a, b = x.shape
    return (
        x.T.copy(),
        x.reshape(-1) * 2,
        np.stack([x, x + 1]),
        np.concatenate([x, x], axis=1),
        x[None].sum(axis=0),
        a * b,
    )


@program(5)
def grids(n):
    i, j = np.mgrid[0:n, 0:n]
    return np.arange(n) * 2, np.linspace(0.0, 1.0, 7), np.eye(n), i * j, np.arange(2, n, 2), np.full((n, 2), 1.5)


@program(np.zeros((0, 5), "f4"), np.zeros((0,), "f4"))
def emptiness(a, b):
    return a.sum(), a + 1, b * 2, a.sum(axis=0), a.sum(axis=1)


@program(np.float32(2), 3.0, V[:5])
def zero_dimensional(a, b, c):
    return a * b, a + c, np.exp(a), a * a


@program(V)
def transcendental(x):
    y = np.abs(x) + 0.1
    return np.exp(x), np.log(y), np.tanh(x), np.sin(x), np.cos(x), y**0.5, y**1.7, np.arctan2(x, y), np.log1p(y)


@program(D)
def transcendental_in_double(x):
    y = np.abs(x) + 0.1
    return np.exp(x), np.log(y), np.tanh(x), np.sin(x), np.hypot(x, y), y**-1.5, np.expm1(x)


@program(M.astype("f2"))
def half_precision(x):
    return x * 2 + 1, x.sum(axis=0), x.max()


@program(V, W)
def tuples_and_helpers(a, b):
    (p, q), r = swapped(a, b), 2
    return p - q * r


def swapped(a, b):
    return b, a


@program(V[:20], 6)
def fibonacci_of_arrays(x, n):
    a, b = x, x * 0 + 1
    for _ in range(n):
        a, b = b, a + b
    return a


@program(V)
def chosen_by_a_number(x):
    scale = 2.0 if x[0] > 0 else 3.0
    if x.sum() > 0:
        y = x * scale
    else:
        y = x - scale
    return y


@program(M.astype("f8"))
def statistics(x):
    x = x - x.mean(axis=0)
    x = x / x.std(axis=0)
    return x.T @ x / (x.shape[0] - 1)


@program(V)
def a_masked_store_of_an_array(x):
    y = x.copy()
    y[y > 0] = y[y > 0] ** 2 + x[y > 0]
    return y, x[x < 0].mean(), x[x > 5].sum()


@program(D @ D.T + np.eye(12), S)
def linear_algebra(a, b):
    return np.linalg.cholesky(a), np.linalg.solve(a, b), np.linalg.inv(a), np.cov(a), np.linalg.det(a)


@program(D, 12, 12)
def a_branch_on_two_sizes(a, n, m):
    if n == m:
        x = np.zeros((n, n))
    else:
        x = np.zeros((n, m))
    return x + a


@program(S, 5)
def histograms(x, bins):
    counts, edges = np.histogram(x, bins)
    return counts, edges, np.histogram(x, bins, weights=x)[0]


@program(np.array([0, 2, 5, 5, 9]), np.arange(9) % 12, S[:9], S)
def sparse_rows(rows, columns, values, x):
    y = np.empty(rows.size - 1, values.dtype)
    for i in range(rows.size - 1):
        y[i] = values[rows[i] : rows[i + 1]] @ x[columns[rows[i] : rows[i + 1]]]
    return y


@program(S[:7], np.arange(35.0).reshape(7, 5), D[:3, :7])
def products_of_odd_sizes(v, m, a):
    return v @ m, m.T @ v, a @ m, v[:, None] @ m[:1], m[:, :0] @ m[:0]


@program(S, 0.5)
def the_first_that_is_greater(x, limit):
    for i in range(len(x)):
        if x[i] > limit:
            return i, x[i]
    return -1, limit


@program(D.round())
def a_search_that_breaks_off(m):
    best = -1
    for i in range(m.shape[0]):
        for j in range(m.shape[1] - 1, -1, -2):
            if m[i, j] < 0:
                continue
            if m[i, j] > 1:
                best = i * 100 + j
                break
        else:
            best = -7
        if best > 0:
            break
    return best


@program(np.abs(D) + 0.1)
def an_array_returned_when_it_is_good_enough(x):
    y = x
    for k in range(50):
        z = 0.5 * (y + x / y)
        if np.max(np.abs(z - y)) < 1e-6:
            return z, k
        y = z
    return y, -1


@program(50)
def left_only_by_return(n):
    k = 0
    while True:
        k += 1
        if k % 2:
            continue
        if k * k > n:
            return k


@program(S)
def a_loop_over_a_tuple_ends_early(x):
    total = 0.0
    for k in (1, 2, 3):
        if x[k] > 0.5:
            break
        total += x[k]
    return total


@program(S, 3)
@program(S[:3], 100)
def a_while_with_all_of_it(x, limit):
    total, i = 0.0, 0
    while i < len(x):
        if x[i] < 0:
            total -= 1
            i += 1
            continue
        total += x[i]
        if total > limit:
            break
        i += 1
    else:
        total = total + 100
    return total, i


@program(S)
def nothing_is_returned(x):
    for i in range(len(x)):
        if x[i] > 1:
            x[i] = 0
            return


@program(D)
def rows_until_one_returns_from_within(m):
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            if m[i, j] > 1.5:
                return i, j
        m[i] = 0
    return -1, -1


@program(S.copy(), np.array([3, -1, 0, 3]), D.copy(), np.array([[0, 1], [2, -2]]))
def stores_through_indices(x, at, m, grid):
    y = x.copy()
    y[at] = 5
    x[at] = x[:4] * 2
    x[at] += 1
    m[:, at] = x[:4]
    m[at, :] = x
    m[at[:2], at[1:3]] = 7
    m[grid] *= 2
    m[1:, grid[0]] = m[:-1, grid[1]]
    x[np.arange(4)] = x[::-1][:4]
    return y, x.sum()


@program(np.array([3, 0, 2, 1, 4]))
def a_permutation_undone(p):
    back = np.empty_like(p)
    back[p] = np.arange(len(p))
    p[p] = p
    return back, back[p]


@program(S[:8].copy(), 2, 3)
@program(S[:9].copy(), 3, 2)
def shapes_that_are_powers_in_a_loop(x, base, steps):
    y = x * 1
    for i in range(steps):
        grid = np.reshape(y, (base**i, base, base ** (steps - i - 1)))
        rows = np.empty((base, base**i, base ** (steps - i - 1)))
        rows[:] = np.transpose(grid, (1, 0, 2)) * 2
        weights = np.arange(base**steps)[: base**i] + 1.0
        y[:] = np.reshape(rows, base**steps) + np.sum(weights)
    return y


@program(D.copy(), S.copy())
def masks_of_a_whole_axis(m, x):
    rows = m[x > 0]
    columns = m[:, m[0] > 0].sum()
    part = m[2, m[2] > 0].mean()
    m[m[:, 1] > 0] *= 2
    m[:, x < 0] = 7
    m[x > 1] = x
    return rows, columns, part, (rows * 2).sum(axis=0), rows.shape[0]


@program(D.copy(), S.copy())
@program(np.zeros((3, 3)), np.zeros(3))
def places_that_are_not_zero(m, x):
    i, j = np.where(m > 0)
    (k,) = x.nonzero()
    m[i, j] += 1
    return m[i, j], x[k] * 2, np.flatnonzero(x > 0), len(i) + k.sum(), m[k]


@program(S, D)
def lists_as_indices(x, m):
    at = [0, 2, -1]
    return x[[1, 1, 3]], m[at], m[[0, 1], [1, 2]], m[:, at], x[[i + 1 for i in range(3)]]


@program(np.zeros(0), np.zeros(0, int), np.zeros((0, 3)))
def indices_into_nothing(x, at, m):
    y = m[at]
    x[at] = 3
    return x[at], y, m[:, [0, 2]], x[x > 0]


@program(
    np.concatenate([ODD.astype("f8"), [65519.99, 65520, 2049.0000001, 2047.9999, 6e-8, 1e-300]]), LEFT * 777, 2**40
)
def down_to_half_precision(x, whole, n):
    return x.astype(np.float16), whole.astype(np.float16), (x > 0).astype(np.float16), np.full(3, n, np.float16)


@program(Z.copy(), Z.copy())
def real_and_imaginary_parts_look_at_memory(z, w):
    r, s = z.real, w.imag + 1
    z[:] = z * 2
    w[1:] = w[:-1]
    return r.sum(), r * 3, s


@program(D.copy(), 3.0)
def a_number_in_the_shape_of_an_array(m, s):
    total = m.sum()
    return total.ravel(), np.reshape(s, (1, 1)), np.reshape(total, ()), total.ravel() + m


@program(
    M, V[:23], np.asfortranarray(D), Z[:24].reshape(2, 12), LEFT[:30].reshape(6, 5), RNG.standard_normal((3, 7, 4))
)
def matrices_times_a_column(m, v, d, z, whole, stack):
    return m @ v, d @ d[0], z @ z[1], whole @ whole[0], stack @ stack[0, 0], m[:2] @ v, m[:0] @ v


@program(RNG.standard_normal((8, 40)), RNG.standard_normal((40, 70)), RNG.standard_normal((3, 5, 40)))
def few_rows_times_much(x, w, stack):
    return x @ w, np.maximum(x @ w + w[0], 0), x[:3] @ w, stack @ w, x @ w[:, :64], x[:1] @ w, (x * 2) @ (w + 1)
