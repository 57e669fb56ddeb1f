"""Orders of examples, and the places where batches begin in them.

A pass over ten million examples takes some bytes of memory for each of them,
so places are int32, and arrays are sorted where they are.
"""

import numpy as np

BATCHES_PER_POOL = 50
NOISE = 0.1  # of lengths, so that each pass puts other examples together
_BLOCK = 2**16


def in_pools(seed, lengths, groups, batch_size):
    """A random order in which examples of similar length are neighbours.

    Random pools of 50 batches are sorted by length and cut into batches, which
    come in random order.

    Args:
        seed: int64 array, of any length.
        lengths: int array `(n,)`.
        groups: int array `(n,)`, of each of which one example is drawn; empty
            for all examples.
        batch_size: Examples in a batch.

    Returns:
        Tuple of the places of examples, int32 `(n,)` or `(groups,)`, and of
        where batches begin and end there, int64 `(batches, 2)`.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.pipeline.orders import in_pools
    >>> order, bounds = in_pools([1], np.array([5, 3, 9]), np.array([]), 2)
    >>> order.tolist(), sorted(bounds.tolist())
    ([1, 0, 2], [[0, 2], [2, 3]])
    """
    rng = _rng(seed)
    order = np.arange(len(lengths), dtype="int32")
    rng.shuffle(order)
    if len(groups):
        _, firsts = np.unique(groups[order], return_index=True)
        order = order[np.sort(firsts)]
    size = batch_size * BATCHES_PER_POOL
    for first in range(0, len(order), size):
        pool = order[first : first + size]
        order[first : first + size] = pool[
            np.argsort(lengths[pool], kind="stable")
        ]
    starts = np.arange(0, len(order), batch_size)
    ends = np.minimum(starts + batch_size, len(order))
    return order, rng.permutation(np.stack([starts, ends], axis=1))


def by_noisy_length(seed, lengths, counts, budget):
    """A random order of batches of about as many tokens.

    All examples are sorted by their lengths, give or take a tenth, and cut
    into batches, which come in random order.

    Args:
        seed: int64 array, of any length.
        lengths: int array `(n,)`, not negative.
        counts: int array `(n,)`, the tokens of examples, at least one each.
        budget: Tokens in a batch.

    Returns:
        As `in_pools`.
    """
    rng = _rng(seed)
    keys = rng.random(len(lengths), dtype="float32")
    keys *= 2 * NOISE
    keys += 1 - NOISE
    keys *= lengths
    # Floats that are not negative are in the order of their bits; the place is
    # in the lower half.
    keys = keys.view("uint32").astype("uint64")
    keys <<= np.uint64(32)
    keys |= np.arange(len(keys), dtype="uint32")
    keys.sort()
    order = keys.astype("uint32").view("int32")
    return order, rng.permutation(cut_by_tokens(order, counts, budget))


def cut_by_tokens(order, counts, budget):
    """The bounds of batches of about as many tokens.

    No example is longer than a batch, so that the ends of some lie in each,
    and there are as many batches in whatever order.

    Args:
        order: int array `(n,)`, places of examples.
        counts, budget: See `by_noisy_length`.

    Returns:
        int64 array `(batches, 2)`.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.pipeline.orders import cut_by_tokens
    >>> cut_by_tokens(np.arange(4), np.array([2, 3, 1, 4]), 5).tolist()
    [[0, 2], [2, 4]]
    """
    cuts, total = [], 0  # A block at a time, since ends are int64.
    for first in range(0, len(order), _BLOCK):
        ends = total + np.cumsum(
            counts[order[first : first + _BLOCK]], dtype="int64"
        )
        # A batch begins with the first example that ends in it.
        begun = np.arange(-(-total // budget), -(-int(ends[-1]) // budget))
        cuts.append(first + np.searchsorted(ends, begun * budget, "right"))
        total = int(ends[-1])
    cuts = np.concatenate([*cuts, [len(order)]])
    return np.stack([cuts[:-1], cuts[1:]], axis=1)


def batches_of_tokens(counts, budget):
    """The number of batches of about as many tokens."""
    return -(-int(counts.sum(dtype="int64")) // budget)


def _rng(seed):
    return np.random.default_rng(np.asarray(seed).tolist())
