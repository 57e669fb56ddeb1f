"""Copying: each step generates a token, or points to a token of the source.

See et al. 2017, "Get To The Point", equations 8 and 9:

    P(w) = g P_vocab(w) + (1 - g) sum_{i: w_i = w} a_i
    g    = sigmoid(u),    u = w_c . c_t + w_s . s_t + w_x . x_t + b

where `a` is the attention at a step, `c` its context, `s` the state and `x`
the vector of the token before.

Each row has its own tokens: the tokens `0 ... V - 1` of the vocabulary, and
one token `V + i` for each place `i` of its source. A place whose word is not
in the vocabulary holds `V +` the first place of that word, so that a row does
not depend on the rest of its batch. Tokens of no word have the probability 0.
"""

from typing import Any, NamedTuple

import tensorflow as tf

_TINY = 1e-30


class Pointers(NamedTuple):
    """The tokens of a source that may be copied.

    Attributes:
        tokens: int32 `(batch, places)`, the token of each place.
        first: Boolean `(batch, places)`, the first place of each token.
        same: float32 `(batch, places, places)`, 1 where two places hold the
            same token.
    """

    tokens: Any
    first: Any
    same: Any


def prepare(tokens, mask):
    """Makes the `Pointers` of a source, once for all steps.

    Args:
        tokens: int32 `(batch, places)`.
        mask: Boolean `(batch, places)`; `False` places are not copied.
    """
    tokens = tf.convert_to_tensor(tokens)
    same = tokens[:, :, None] == tokens[:, None, :]
    same &= mask[:, :, None] & mask[:, None, :]
    places = tf.range(tf.shape(tokens)[1])
    before = places[None, :] < places[:, None]
    first = mask & ~tf.reduce_any(same & before, axis=2)
    return Pointers(tokens, first, tf.cast(same, tf.float32))


def mix(logits, generate, weights, pointers):
    """Mixes both distributions; the mixture as logits.

    As `u = log(g / (1 - g))`, the distribution is the softmax of

        z_w + log(1 + exp(r_w - z_w)),    r_w = log sum_v exp(z_v) - u + log a_w

    where `z` are the logits of the vocabulary and `a_w` is the attention to
    all places of `w`, only the logits of the source's words change. If the
    weights sum to less than 1, the rest is generated; without a source,
    everything is.

    Args:
        logits: float32 `(rows, steps, tokens)`. There is one row for each
            sample of the source, or the same number of rows for each.
        generate: float32 `(rows, steps, 1)`, `u`.
        weights: float32 `(rows, steps, places)`, `a`.
        pointers: `Pointers`.

    Returns:
        float32 `(rows, steps, tokens + places)`, minus infinity at the tokens
        of places that are not the first of a word out of the vocabulary.
    """
    rows, steps, count = tf.unstack(tf.shape(logits))
    batch, places = tf.unstack(tf.shape(pointers.tokens))
    # The steps of all rows of a sample share its pointers.
    n = rows * steps // tf.maximum(batch, 1)
    logits, generate, weights = (
        tf.reshape(x, [batch, n, tf.shape(x)[2]])
        for x in (logits, generate, weights)
    )
    known = pointers.tokens < count
    shares = tf.matmul(weights, pointers.same)
    copied = tf.reduce_logsumexp(logits, axis=2, keepdims=True) - generate
    copied += tf.math.log(tf.maximum(shares, _TINY))
    logits = _add(
        logits,
        tf.where(known, pointers.tokens, 0),
        (pointers.first & known)[:, None],
        copied,
    )
    is_new = (pointers.first & ~known)[:, None]
    mixed = tf.concat([logits, tf.where(is_new, copied, -float("inf"))], axis=2)
    return tf.reshape(mixed, [rows, steps, count + places])


def _add(logits, tokens, wanted, copied):
    """Adds `copied` to the logits of wanted places, as probabilities.

    Args:
        logits: `(batch, n, tokens)`.
        tokens: int32 `(batch, places)`.
        wanted: Boolean, of a shape that broadcasts to that of `copied`.
        copied: Logits `(batch, n, places)`.

    Returns:
        `log(exp(logits) + exp(copied))` at the tokens of wanted places; the
        logits elsewhere.
    """
    batch, n, places = tf.unstack(tf.shape(copied))
    tokens = tf.broadcast_to(tokens[:, None], [batch, n, places])
    more = tf.nn.softplus(copied - tf.gather(logits, tokens, batch_dims=2))
    where = tf.meshgrid(tf.range(batch), tf.range(n), indexing="ij")
    where = [tf.broadcast_to(x[..., None], tf.shape(tokens)) for x in where]
    return tf.tensor_scatter_nd_add(
        logits,
        tf.stack([*where, tokens], axis=-1),
        tf.where(wanted, more, 0.0),
    )
