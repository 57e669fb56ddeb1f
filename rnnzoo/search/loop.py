"""The loop over steps that all searches run, and the state it carries."""

import tensorflow as tf


def loop(steps, body, t, *variables):
    """Repeats `body` for some steps, or until all samples are done.

    Args:
        steps: Number of steps.
        body: Function `(t, *variables)` that returns the same for the next
            step.
        t: Number of the first step.
        *variables: Tensors and nests of tensors. The last but one says which
            samples are done; the last is the model's state.
    """
    known_by_rank = tf.nest.map_structure(
        lambda x: tf.TensorShape([None] * x.shape.rank), variables[:-1]
    )
    state_shapes = tf.nest.map_structure(_any_rows, variables[-1])
    return tf.while_loop(
        lambda t, *now: (t < steps) & ~tf.reduce_all(now[-2]),
        body,
        (t, *variables),
        shape_invariants=(tf.TensorShape([]), *known_by_rank, state_shapes),
    )


def write(history, t, tokens):
    """The history with the tokens of step `t`, `(..., steps)`."""
    place = tf.range(tf.shape(history)[-1]) == t
    return tf.where(place, tokens[..., None], history)


def repeat(state, count):
    """The state with `count` rows in place of each."""
    return tf.nest.map_structure(
        lambda x: tf.repeat(tf.convert_to_tensor(x), count, axis=0), state
    )


def like(new, old):
    """The new state in the structure and with the known shapes of the old."""
    flat = [
        tf.ensure_shape(x, _any_rows(y))
        for x, y in zip(tf.nest.flatten(new), tf.nest.flatten(old), strict=True)
    ]
    return tf.nest.pack_sequence_as(old, flat)


def _any_rows(tensor):
    return tf.TensorShape([None, *tensor.shape[1:]])
