"""Classifiers of texts as models of fixed size, for devices."""

import keras
import tensorflow as tf

from rnnzoo.checks import check_choice, check_positive
from rnnzoo.formats import LITE
from rnnzoo.ids import PADDING, RESERVED, UNKNOWN
from rnnzoo.lite import Convertible


class WithLite:
    """A classifier of texts that TensorFlow Lite can run."""

    @property
    def exports(self):
        return super().exports | {LITE: self.converted}

    def converted(self, max_words=None, max_sentences=None, quantize=False):
        """The model that `export(directory, format="tflite")` writes.

        `model.tflite` takes `ids`, int32 `(1, words)` or, of a hierarchical
        model, `(1, sentences, words)`, right padded, and answers
        `probabilities`, float32 `(1, classes)`. It has no strings:
        `vocabulary.json` names the `tokenizer` whose rules split texts, and
        lists the `tokens`, whose ids count up from `first_id`, the ids of
        `padding` and of `unknown` tokens, the `shape` of the ids and, in the
        order of the probabilities, the `labels`. Of a text with more words,
        those that fit are read; a longer sentence continues in the next.

        Args:
            max_words: Number of words in `ids`, of a hierarchical model in a
                sentence; by default, and at most, what the model reads.
            max_sentences: Number of sentences, likewise.
            quantize: Whether large weights become integers of 8 bits, which
                take a quarter of the space.

        Returns:
            `rnnzoo.lite.Convertible`.

        Raises:
            ValueError: If the model reads texts of any length and no size is
                given, or if it reads less than what is given.

        Examples:

        >>> import json
        >>> from pathlib import Path
        >>> import rnnzoo
        >>> model = rnnzoo.build("bilstm_classifier", units=4, min_count=1)
        >>> model.adapt(["A lovely film.", "Dull."], ["pos", "neg"], verbose=0)
        >>> model.export("device", format="tflite", max_words=50)
        >>> facts = json.loads(Path("device", "vocabulary.json").read_text())
        >>> facts["shape"], facts["first_id"], facts["tokens"]
        ([1, 50], 2, ['.', 'a', 'dull', 'film', 'lovely'])
        """
        check_choice("quantize", quantize, (False, True))
        shape = [1]
        if self.max_sentences is not None:
            shape.append(
                _size("max_sentences", max_sentences, self.max_sentences)
            )
        elif max_sentences is not None:
            raise ValueError(
                "Invalid value for argument `max_sentences`. Expected None: "
                "the model reads words, not sentences. Received: "
                f"max_sentences={max_sentences!r}"
            )
        shape.append(_size("max_words", max_words, self.max_words))
        # Some encoders leave out padding, so that sizes depend on the ids.
        encode = getattr(self.encoder, "encode_all", self.encoder)

        @tf.function(
            input_signature=[tf.TensorSpec(shape, tf.int32, name="ids")],
            autograph=False,
        )
        def serve(ids):
            return {"probabilities": self.head(encode(ids, training=False))}

        facts = {
            "shape": shape,
            "padding": PADDING,
            "unknown": UNKNOWN,
            "first_id": RESERVED,
            "labels": self.label_names,
            "activation": self.activation,
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "tokens": self.vocabulary.tokens,
        }
        return Convertible(serve, facts, quantize)


def _size(name, given, most):
    """The number of words or of sentences: what is given, or the most."""
    check_positive(name, given, optional=most is not None)
    if given is None:
        return most
    if most is not None and given > most:
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected at most {most}, "
            f"which the model reads. Received: {name}={given}"
        )
    return given
