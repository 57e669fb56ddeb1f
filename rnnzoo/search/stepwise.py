"""Greedy search and sampling: sequences that are continued on their own."""

import numpy as np
import tensorflow as tf

from rnnzoo.search.arguments import as_int, check
from rnnzoo.search.draw import draw, uniform
from rnnzoo.search.hypotheses import Hypotheses, trim
from rnnzoo.search.limits import Limits
from rnnzoo.search.loop import like, loop, repeat, write
from rnnzoo.search.top_k import top_k as largest


def greedy(
    step,
    state,
    start,
    end,
    max_length,
    min_length=0,
    block_ngrams=0,
    prefix=None,
    *,
    allowed=None,
):
    """Takes the most probable token at each step.

    Args:
        step: Function `(tokens, state) -> (scores, state)`; see
            `rnnzoo.search`.
        state: Nest of tensors `(batch, ...)`.
        start: int32 `(batch,)`, the tokens of the first step.
        end: The token that ends a sequence.
        max_length: Most tokens before the end; an integer, or integers
            `(batch,)`.
        min_length: Fewest tokens before the end; an integer, or integers
            `(batch,)`.
        block_ngrams: Size of the n-grams that may occur only once in a
            sequence (Paulus et al. 2018). 0 allows all.
        prefix: int32 `(batch, time)`, the tokens that each sequence must begin
            with; negative where nothing is prescribed. It is cut at
            `max_length`, and exempt from the other limits.
        allowed: The only tokens that may be written, besides the end token:
            integers `(k,)`, or booleans `(vocabulary,)` that are true for
            these tokens; or booleans `(places, vocabulary)`, those of the
            first token, the second and so on, with only the end after the
            last; or a function of the tokens so far, int32 `(batch, n, time)`,
            and of their number, that returns booleans that broadcast to
            `(batch, n, vocabulary)`. By default all.

    Returns:
        `Hypotheses`, with n = 1; the scores are the log probabilities.

    Raises:
        ValueError: If an argument is out of its range.
        tf.errors.InvalidArgumentError: If `allowed` does not fit the
            vocabulary.

    Examples:
        The next token depends on the last one alone, by a table of
        probabilities: 0 is the start, 1 the end.

        >>> import tensorflow as tf
        >>> from rnnzoo import search
        >>> table = tf.math.log(
        ...     [
        ...         [0.0, 0.0, 0.6, 0.4],
        ...         [0.0, 1.0, 0.0, 0.0],
        ...         [0.0, 0.3, 0.3, 0.4],
        ...         [0.0, 0.9, 0.1, 0.0],
        ...     ]
        ... )
        >>> def step(tokens, state):
        ...     return tf.gather(table, tokens), state
        >>> found = search.greedy(step, (), [0], end=1, max_length=5)
        >>> found.tokens.numpy().tolist()
        [[[2, 3]]]
        >>> round(float(tf.exp(found.log_probs[0, 0])), 3)
        0.216
        >>> only = search.greedy(
        ...     step, (), [0], end=1, max_length=5, min_length=1, allowed=[3]
        ... )
        >>> only.tokens.numpy().tolist()
        [[[3]]]
    """
    limits = Limits(
        start, end, max_length, min_length, block_ngrams, prefix, allowed
    )

    def choose(scores, _):
        return tf.argmax(scores, axis=-1, output_type=tf.int32)

    return _roll(step, state, start, limits, choose, count=1)


def sample(
    step,
    state,
    start,
    end,
    max_length,
    min_length=0,
    block_ngrams=0,
    prefix=None,
    count=1,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    seed=0,
    *,
    allowed=None,
):
    """Draws tokens by their probabilities.

    The arguments that are not listed here are those of `greedy`.

    Args:
        count: Number of the sequences drawn for each sample.
        temperature: Divisor of the logits; below 1, probable tokens become
            more probable, and 0 takes the most probable one. A number or, like
            the next two, numbers `(batch,)`.
        top_k: Number of the most probable tokens that are drawn from (Fan et
            al. 2018); 0 for all.
        top_p: Probability that the tokens drawn from, the most probable ones,
            must add up to (Holtzman et al. 2020), counted after `top_k`.
        seed: Integer, or two of them as a tensor `(2,)`, which draws others at
            each place in a batch; or integers `(batch, 2)`, of which each pair
            draws the same sequences of its sample, whatever the other samples
            and the limits are.

    Returns:
        `Hypotheses` in the order in which they were drawn, with n = `count`;
        scores and log probabilities are those of the model, without
        temperature and cuts.

    Raises:
        ValueError: If an argument is out of its range.
        tf.errors.InvalidArgumentError: If `allowed` does not fit the
            vocabulary.

    Examples:
        A model that ends with token 1 half of the time:

        >>> import tensorflow as tf
        >>> from rnnzoo import search
        >>> table = tf.math.log([[0.0, 0.5, 0.3, 0.2]])
        >>> def step(tokens, state):
        ...     return tf.repeat(table, tf.shape(tokens)[0], axis=0), state
        >>> found = search.sample(
        ...     step, (), [0], end=1, max_length=9, count=1000, seed=4
        ... )
        >>> tuple(found.lengths.shape)
        (1, 1000)
        >>> empty = tf.cast(found.lengths == 0, "float32")
        >>> round(float(tf.reduce_mean(empty)), 1)
        0.5
    """
    check(count >= 1, "count", count, "a positive integer")
    check(
        temperature >= 0, "temperature", temperature, "a number of at least 0"
    )
    check(top_k >= 0, "top_k", top_k, "an integer of at least 0")
    check((top_p > 0) & (top_p <= 1), "top_p", top_p, "a number in (0, 1]")
    limits = Limits(
        start, end, max_length, min_length, block_ngrams, prefix, allowed
    )
    top_k, top_p = map(_tensor_of_several, (top_k, top_p))
    is_cut = tf.is_tensor(top_k) or tf.is_tensor(top_p) or top_k or top_p < 1
    batch, count = tf.shape(start)[0], as_int(count)
    if tf.is_tensor(top_k):
        top_k = _by_row(top_k, batch, count)
    noise = _noise(seed, batch, count, limits.steps)
    temperature, top_p = (
        _by_row(tf.cast(each, tf.float32), batch, count)
        for each in (temperature, top_p)
    )

    def choose(scores, t):
        # The best is 0, which any temperature leaves finite.
        best = tf.reduce_max(scores, axis=1, keepdims=True)
        scores = (scores - best) / tf.maximum(
            temperature, np.finfo("float32").tiny
        )
        if is_cut:
            scores = _keep_likeliest(scores, top_k, top_p)
        return draw(tf.exp(scores), noise[:, t])

    return _roll(step, state, start, limits, choose, count)


def _roll(step, state, start, limits, choose, count):
    """Continues `count` sequences of each sample by one token at a time."""
    batch, end = tf.shape(start)[0], limits.end
    rows = batch * count
    state = repeat(state, count)
    tokens = tf.repeat(tf.cast(start, tf.int32), count)

    def advance(t, tokens, history, log_probs, done, state):
        logits, new_state = step(tokens, state)
        logits = tf.cast(logits, tf.float32)
        shape = [batch, count, tf.shape(logits)[1]]
        scores = limits(
            tf.reshape(logits, shape),
            tf.reshape(history, [batch, count, limits.steps]),
            t,
        )
        scores = tf.reshape(scores, tf.shape(logits))
        chosen = choose(scores, t)
        # A sequence that no token may continue ends, with probability 0.
        lost = tf.reduce_max(scores, axis=1) == -float("inf")
        chosen = tf.where(done | lost, end, chosen)
        best = tf.reduce_max(logits, axis=1, keepdims=True)
        total = tf.reduce_sum(tf.exp(logits - best), axis=1)
        gained = tf.gather(scores, chosen, batch_dims=1) - best[:, 0]
        gained -= tf.math.log(total)
        return (
            t + 1,
            chosen,
            write(history, t, chosen),
            log_probs + tf.where(done, 0.0, gained),
            done | (chosen == end),
            like(new_state, state),
        )

    _, _, history, log_probs, _, _ = loop(
        limits.steps,
        advance,
        0,
        tokens,
        tf.fill([rows, limits.steps], end),
        tf.zeros([rows]),
        tf.zeros([rows], tf.bool),
        state,
    )
    log_probs = tf.reshape(log_probs, [batch, count])
    history = tf.reshape(history, [batch, count, limits.steps])
    # An impossible sequence is no hypothesis.
    history = tf.where(log_probs[..., None] > -float("inf"), history, end)
    lengths = tf.reduce_sum(tf.cast(history != end, tf.int32), axis=2)
    return trim(Hypotheses(history, lengths, log_probs, log_probs))


def _noise(seed, batch, count, steps):
    """Uniform numbers `(batch * count, steps)`, a row for each sequence."""
    rows = batch * count
    if not tf.is_tensor(seed):
        seed = [[seed, 0]] if np.ndim(seed) == 0 else seed
    seed = tf.cast(seed, tf.int64)
    if seed.shape.rank == 1 or seed.shape[0] == 1:
        pairs = tf.broadcast_to(seed, [rows, 2])
        numbers = tf.range(rows)
    else:
        pairs = tf.repeat(seed, count, axis=0)
        numbers = tf.tile(tf.range(count), [batch])
    # The shape of no results would not be known.
    missing = tf.maximum(1 - rows, 0)
    pairs = tf.pad(pairs, [[0, missing], [0, 0]])
    return uniform(pairs, tf.pad(numbers, [[0, missing]]), steps)[:rows]


def _tensor_of_several(value):
    return tf.convert_to_tensor(value) if np.ndim(value) else value


def _by_row(values, batch, count):
    """Numbers of samples as a column, `(batch * count, 1)`."""
    return tf.repeat(tf.broadcast_to(values, [batch]), count)[:, None]


def _keep_likeliest(scores, k, p):
    """The logits of the likeliest tokens; minus infinity for the others.

    Args:
        scores: `(rows, vocabulary)`.
        k: `top_k`, an integer or a column `(rows, 1)`.
        p: `top_p`, a column.
    """
    vocabulary = tf.shape(scores)[1]
    if not tf.is_tensor(k) and k:
        falling, _ = largest(scores, tf.minimum(k, vocabulary))
    else:
        falling = tf.sort(scores, axis=1, direction="DESCENDING")
    size = tf.shape(falling)[1]
    last = tf.where(k > 0, tf.minimum(k, size), size)
    falling = tf.where(tf.range(size) < last, falling, -float("inf"))
    probabilities = tf.nn.softmax(falling, axis=1)
    before = tf.cumsum(probabilities, axis=1, exclusive=True)
    # The token that reaches p is the last one.
    is_kept = (before < p) & (falling > -float("inf"))
    kept = tf.where(is_kept, falling, float("inf"))
    least = tf.reduce_min(kept, axis=1, keepdims=True)
    return tf.where(scores < least, -float("inf"), scores)
