"""The signatures of exports that write texts."""

import tensorflow as tf


def written(spec, write, beam, name):
    """The signatures `serving_default` and `n_best`.

    Args:
        spec: `tf.TensorSpec` of the examples; its name is the input's.
        write: Function of examples and a `rnnzoo.tasks.beam.Beam` that returns
            a dict: `texts` and `scores`, `(n, n_best)`, and what else to
            answer.
        beam: The `Beam` of `serving_default`. `n_best` also takes its width
            and its number: the int32 `beam_width` and `n_best`, each a scalar
            or, so that requests can be batched, `(n,)`.
        name: What a text is called.

    Returns:
        Dict of `tf.function`s. They answer `name` and `score`, `(n,)`, and
        `name` in the plural and `scores`, `(n, largest n_best)`. Where fewer
        were found, a text is "", and its score the lowest finite one: JSON
        has no infinity.
    """
    numbers = [
        tf.TensorSpec(None, tf.int32, name=each)
        for each in ("beam_width", "n_best")
    ]

    @tf.function(input_signature=[spec], autograph=False)
    def serve(examples):
        found = write(examples, beam)
        texts, scores = found.pop("texts"), found.pop("scores")
        return {name: texts[:, 0], "score": finite(scores[:, 0]), **found}

    @tf.function(input_signature=[spec, *numbers], autograph=False)
    def serve_n_best(examples, beam_width, n_best):
        found = write(examples, beam.asked(beam_width, n_best))
        texts, scores = found.pop("texts"), found.pop("scores")
        return {_plural(name): texts, "scores": finite(scores), **found}

    return {"serving_default": serve, "n_best": serve_n_best}


def _plural(name):
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def finite(scores):
    """Scores without infinities, which JSON does not have."""
    return tf.clip_by_value(scores, scores.dtype.min, scores.dtype.max)
