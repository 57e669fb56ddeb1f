"""Captions of images, with the place in the image of each word."""

import dataclasses
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import losses, scoring, text
from rnnzoo.checks import check_not_negative
from rnnzoo.explain import Look, Looks
from rnnzoo.graphs import traced
from rnnzoo.ids import UNKNOWN
from rnnzoo.images import pixels
from rnnzoo.images.feature_cache import FeatureCache
from rnnzoo.pipeline import captioned
from rnnzoo.pipeline.examples import Examples
from rnnzoo.tasks import serving
from rnnzoo.tasks.answers import found_in, several
from rnnzoo.tasks.columns import Columns
from rnnzoo.tasks.text_writer import TextWriter
from rnnzoo.tasks.trainer import missing_targets

BATCH_SIZE = 32  # at inference
BEAM_WIDTH = 3
CIDER_SIGNATURE = (
    f"tok:coco|n:{scoring.CIDER_ORDER}|sigma:{scoring.CIDER_SIGMA}"
)


@dataclasses.dataclass(frozen=True, eq=False)
class Caption:
    """A caption, and how the model arrived at it.

    Attributes:
        text: The caption.
        score: What captions are compared by: see `rnnzoo.search.beam`.
        tokens: Strings, the tokens of the caption.
        attention: float32 `(tokens, rows, columns)`, how much it attended to
            each part of the image; `None` without attention.
    """

    text: str
    score: float
    tokens: list = dataclasses.field(repr=False)
    attention: np.ndarray | None = dataclasses.field(repr=False)


@keras.saving.register_keras_serializable(package="rnnzoo")
class ImageCaptioner(TextWriter):
    """Describes images.

    Wherever a method takes raw data, inputs are images: paths, encoded files
    as `bytes`, arrays, or images of PIL or of a Hugging Face dataset; see
    `rnnzoo.images.pixels.load`. Targets are a list of captions for each image;
    training draws one of them in each pass. TFDS datasets such as `flickr8k`
    and `coco_captions` have both.

    Args:
        encoder: Keras model that maps float images `(batch, height, width, 3)`
            of 0 to 255 to a feature map `(batch, rows, columns, features)`,
            of fixed sizes: see `rnnzoo.images.encoders.image_encoder`. It
            always runs as at inference: statistics of `BatchNormalization`
            stay.
        memory: `rnnzoo.layers.ImageMemory`, what the decoder attends to.
        decoder: A decoder; see `rnnzoo.tasks.TextWriter`.
        finetune_encoder: Whether the encoder is trained. If not, feature maps
            are computed once and kept on disk.
        cache_dir: Where feature maps are kept; see
            `rnnzoo.images.feature_cache`. It belongs to a machine, so it is
            not saved.
        attention_penalty: Factor of `rnnzoo.losses.doubly_stochastic`.
        target_vocabulary: Tokens from id 2 on, learned by `adapt`.
        **kwargs: See `rnnzoo.tasks.TextWriter`.

    Examples:

    >>> import numpy as np
    >>> import rnnzoo
    >>> model = rnnzoo.build(
    ...     "show_tell_captioner", image_size=16, units=8, min_count=1
    ... )
    >>> images = np.zeros((2, 16, 16, 3), "uint8")
    >>> model.adapt(images, [["all black"], ["a dark night"]], verbose=0)
    >>> len(model.caption(images))
    2
    """

    kind = "captioning"
    verb = "caption"
    shortest = 1  # There is always something to say.
    answer_name = "caption"
    input_name = "image"
    schema = captioned.SCHEMA
    unit_name = "image"
    monitor = "cider_d"
    parts = ("encoder", "memory", "decoder", "target_tokenizer")
    path = ("encoder", "memory", "decoder")
    keeps = ("captions",)
    lends = ("target_tokenizer",)
    reads_by = ("max_length", "finetune_encoder")

    def __init__(
        self,
        encoder,
        memory,
        decoder,
        *,
        finetune_encoder=False,
        cache_dir=None,
        attention_penalty=0.0,
        target_vocabulary=None,
        **kwargs,
    ):
        if decoder.copy:
            raise ValueError(
                "Invalid value for argument `decoder`. Expected one with "
                "copy=False: an image has no words. Received: copy=True"
            )
        super().__init__(decoder, **kwargs)
        check_not_negative("attention_penalty", attention_penalty)
        self.encoder = encoder
        self.memory = memory
        self.cache_dir = cache_dir
        self.attention_penalty = attention_penalty
        self.finetune_encoder = finetune_encoder
        if target_vocabulary is not None:
            self.take(target_vocabulary)

    @property
    def finetune_encoder(self):
        """Whether the encoder is trained.

        As with `trainable`, set it before `compile` and before `encode`.
        """
        return self._finetune_encoder

    @finetune_encoder.setter
    def finetune_encoder(self, value):
        self._finetune_encoder = bool(value)
        self.encoder.trainable = self._finetune_encoder

    @property
    def image_size(self):
        """Height and width that images are scaled to."""
        return tuple(self.encoder.input_shape[1:3])

    @property
    def grid(self):
        """Rows and columns of the places that it attends to."""
        return tuple(self.encoder.output_shape[1:3])

    # From raw examples to numbers.

    def read(self, x, y=None, sample_weight=None):
        chunks = super().read(x, y, sample_weight)
        return captioned.without_unreadable(chunks)

    def count(self, chunk, counts, labels):
        if "captions" not in chunk:
            raise missing_targets(self.schema)
        captions = [each for of_one in chunk["captions"] for each in of_one]
        counts["captions"].update(
            self.target.to_count(tf.constant(captions, tf.string))
        )

    def learn(self, counts, labels):
        return {"target_vocabulary": self.learn_target(counts["captions"])}

    def encode_chunk(self, chunk):
        """The `Columns` of a chunk.

        The inputs are a dict of the `image` or, of a frozen encoder, its
        `features`, both made when a batch is, and, if there are captions, of
        the `target` after the start; the labels are the ids before the end.
        """
        inputs = {"file": tf.constant(chunk["image"], tf.string)}
        if "captions" not in chunk:
            return Columns(inputs)
        counts = [len(of_one) for of_one in chunk["captions"]]
        flat = [each for of_one in chunk["captions"] for each in of_one]
        ids = self.target.ids(tf.constant(flat, tf.string))
        inputs["target"], labels = (
            tf.RaggedTensor.from_row_lengths(each, counts)
            for each in self.target.around(ids)
        )
        return Columns(inputs, labels, several=True)

    def encoded(self, chunks, keep_raw):
        found = super().encoded(chunks, keep_raw)
        if self.finetune_encoder:
            return found
        return captioned.as_digests(found, self._cache(), self._features)

    def prepare(self, inputs):
        return captioned.as_images(inputs, self.image_size, self._cache)

    def _cache(self):
        return FeatureCache(self.encoder, self.cache_dir)

    @text.traced_texts
    def _features(self, files):
        found = pixels.decode_batch(files, self.image_size)
        return self._feature_map(found.images)

    # From numbers to scores.

    def build(self, input_shape=None):
        features = self.encoder.output_shape
        if not self.memory.built:  # by loading, or by an earlier call
            self.memory.build(features)
        if not self.decoder.built:
            self.decoder.build(
                (None, None), self.memory.compute_output_shape(features)
            )
        self.built = True

    def call(self, inputs, training=None):
        """Scores of the tokens of captions, by the tokens before.

        Args:
            inputs: Dict; see `encode_chunk`.
            training: Whether in training.

        Returns:
            `rnnzoo.layers.decoding.Decoded`; or, if there is no `target`, the
            memory that the decoder attends to, `(batch, places, units)`.
        """
        memory = self._look(inputs, training)
        if "target" not in inputs:
            return memory
        return self.decoder(inputs["target"], memory, training=training)

    def _look(self, inputs, training):
        """The memory that the decoder attends to."""
        if "image" in inputs:
            features = self._feature_map(inputs["image"])
        elif self.finetune_encoder:
            raise ValueError(
                "Expected examples that were encoded after `finetune_encoder` "
                "was set. Received feature maps, which cannot train an encoder."
            )
        else:
            features = inputs["features"]
        return self.memory(features, training=training)

    def _feature_map(self, images):
        # oneDNN makes feature maps of a wrong shape for no image at all.
        count = tf.shape(images)[0]
        none = tf.cast(count == 0, tf.int32)
        images = tf.pad(images, [[0, none], [0, 0], [0, 0], [0, 0]])
        # Its statistics stay: those of a few images would do harm.
        return self.encoder(images, training=False)[:count]

    def attention_losses(self, decoded, token_losses, mask):
        parts = super().attention_losses(decoded, token_losses, mask)
        if self.attention_penalty and not self.decoder.hard:
            left_out = losses.doubly_stochastic(decoded.weights, mask)
            parts.append(self.attention_penalty * left_out)
        return parts

    # From scores to captions.

    def write_about(self, inputs, beam):
        """Describes images, in the graph.

        Args:
            inputs: Dict of `image`, float32 `(n, height, width, 3)` of
                `image_size`, or of `features`.
            beam: `rnnzoo.tasks.beam.Beam`.

        Returns:
            Dict of tensors: `texts` string `(n, n_best)` and their `scores`;
            `tokens` `(n, n_best, time)`, "" where there is none; and, with
            attention, `weights` `(n, n_best, time, places)`.
        """
        memory = self._look(inputs, training=False)
        longest = beam.longest(tf.fill([tf.shape(memory)[0]], 1))
        found = self.write(beam.search(longest), memory, longest=longest)
        return self.outputs(found, found.tokens)

    _write_about = traced(write_about)

    @property
    def unwritten(self):
        # There is always something to say that has a word.
        return (*super().unwritten, UNKNOWN)

    # Scores.

    def score(self, examples, quick=False):
        """Scores of captions beside all that people wrote about an image.

        Returns:
            Dict of `cider_d`, and unless `quick`, where sacreBLEU is installed,
            of `bleu_1` to `bleu_4`, and of `words`, `reference_words` and
            `distinct`: see `rnnzoo.scoring.CaptionScores`.
        """
        beam = self.beam(1 if quick else BEAM_WIDTH)
        rows = examples.run(
            lambda inputs: self._write_about(inputs, beam), BATCH_SIZE
        )
        captions = [row["texts"][0].decode() for row in rows]
        references = list(examples.raw["captions"])
        self.signatures["cider_d"] = CIDER_SIGNATURE
        if quick:
            return {"cider_d": _cider_d(captions, references)}
        try:
            found = scoring.score_captions(captions, references)
        except ImportError as error:
            warnings.warn(str(error), stacklevel=2)
            return {"cider_d": _cider_d(captions, references)}
        bleu = {
            f"bleu_{order}": score
            for order, score in enumerate(found.bleu.scores, start=1)
        }
        self.signatures |= dict.fromkeys(bleu, found.bleu.signature)
        return {
            "cider_d": found.cider_d,
            **bleu,
            "words": found.words,
            "reference_words": found.reference_words,
            "distinct": found.distinct,
        }

    # Answers.

    def caption(
        self,
        images: Any,
        beam_width: int = BEAM_WIDTH,
        n_best: int = 1,
        return_scores: bool = False,
        return_attention: bool = False,
        batch_size: int | None = None,
        verbose: int = 0,
        **limits: Any,
    ) -> list:
        """The best captions that a beam search finds.

        Args:
            images: List of images of any size, or one image: a path, `bytes`,
                an array or a PIL image; see `rnnzoo.images.pixels.load`. They
                are seen as their pixels are stored: the orientation that a
                camera notes in a JPEG is ignored, also by exports. Captions,
                if a dataset has them, are ignored.
            beam_width: Number of unfinished captions that are continued.
            n_best: Number of captions of each image.
            return_scores: Whether to return `Caption`s, not strings.
            return_attention: Whether to return `Caption`s, with attention.
            batch_size: Defaults to 32.
            verbose: As in Keras.
            **limits: `max_length`, `min_length`, which is at least 1,
                `block_ngrams` and `length_penalty`; see
                `rnnzoo.tasks.TextWriter.beam`.

        Returns:
            List of strings or of `Caption`s, in the order of the images; or,
            with an `n_best` above 1, of lists of them, the best first, as
            many as were found. An image that cannot be read gives a warning
            and `None`.
        """
        self._require_adapted("caption")
        beam = self.beam(beam_width, n_best, **limits)
        is_plain = not (return_scores or return_attention)
        return [
            None if found is None else several(found, n_best, is_plain)
            for _, found in self._described(images, beam, batch_size, verbose)
        ]

    def explain(self, images: Any) -> Looks:
        """The parts of the image that each word attended to.

        Args:
            images: See `caption`.

        Returns:
            `rnnzoo.explain.Looks`, one for each image that can be read.

        Raises:
            ValueError: If the model has no attention.
        """
        self._require_adapted("explain")
        self.require_attention()
        size = Look.size_of(*self.image_size)
        return Looks(
            Look(
                image=pixels.load([image], size).images[0].round().astype("u1"),
                caption=found[0].text,
                score=found[0].score,
                tokens=found[0].tokens,
                weights=found[0].attention,
            )
            for image, found in self._described(images, self.beam(BEAM_WIDTH))
            if found is not None
        )

    def _described(self, x, beam, batch_size=None, verbose=0):
        """Yields each image with a list of `Caption`s or `None`."""
        for chunk in self.read_inputs(x):
            loaded = pixels.load(chunk["image"], self.image_size, chunk.first)
            for _, message in sorted(loaded.errors.items()):
                warnings.warn(message, stacklevel=3)
            rows = Examples.of({"image": tf.constant(loaded.images)}).run(
                lambda inputs: self._write_about(inputs, beam),
                batch_size or BATCH_SIZE,
                verbose,
            )
            for place, (image, row) in enumerate(
                zip(chunk["image"], rows, strict=True)
            ):
                failed = place in loaded.errors
                yield image, None if failed else self._found(row)

    def _found(self, row):
        """`Caption`s, of what the graph made of an image."""

        def answer(text, score, tokens, weights):
            if weights is not None:
                weights = weights.reshape(-1, *self.grid)
            return Caption(text, score, tokens, weights)

        return found_in(row, answer)

    # Serving and saving.

    def served(self, beam_width=BEAM_WIDTH, **limits):
        """The signatures of the export; see `rnnzoo.tasks.serving.written`.

        - `serving_default`, with `image_bytes: string (n,)`, JPEG or PNG
          files: `caption` string, `score` float32 and `valid` boolean, `(n,)`.
          A file that cannot be read is not valid. It has an empty caption.
        - `n_best`, with `image_bytes` and the int32 `beam_width` and `n_best`:
          `captions`, `scores` and `valid`.
        - `images`, with `images: uint8 (n, height, width, 3)`, of any size:
          `caption` and `score`.

        Args:
            beam_width: The width of the search, except in `n_best`.
            **limits: As of `caption`.
        """
        beam = self.beam(beam_width, **limits)
        files = tf.TensorSpec([None], tf.string, name="image_bytes")
        arrays = tf.TensorSpec([None, None, None, 3], tf.uint8, name="images")

        def describe(images, beam):
            found = self.write_about({"image": images}, beam)
            return {name: found[name] for name in ("texts", "scores")}

        def describe_files(files, beam):
            read = pixels.decode_batch(files, self.image_size)
            found = describe(read.images, beam)
            valid = read.valid[:, None]
            return {
                "texts": tf.where(valid, found["texts"], ""),
                "scores": tf.where(valid, found["scores"], -float("inf")),
                "valid": read.valid,
            }

        def describe_arrays(images, beam):
            return describe(pixels.resize(images, self.image_size), beam)

        of_arrays = serving.written(arrays, describe_arrays, beam, "caption")
        return {
            **serving.written(files, describe_files, beam, "caption"),
            "images": of_arrays["serving_default"],
        }

    def to_serve(self, x):
        files = [
            data
            for chunk in self.read_inputs(x)
            for data in pixels.encode(
                chunk["image"], chunk.first
            ).files.values()
        ]
        return {"image_bytes": files}

    def comparable_served(self, outputs):
        names = ("caption", "score")
        return super().comparable_served({key: outputs[key] for key in names})

    def get_config(self):
        return {
            **super().get_config(),
            "finetune_encoder": self.finetune_encoder,
            "attention_penalty": self.attention_penalty,
        }


def _cider_d(captions, references):
    tokenized = list(map(scoring.coco_tokenize, captions))
    others = [list(map(scoring.coco_tokenize, each)) for each in references]
    return float(np.mean(scoring.cider_d(tokenized, others)))
