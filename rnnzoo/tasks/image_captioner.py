"""Images to texts, and where in the image each word was seen."""

import dataclasses
import os
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import losses, scoring, text
from rnnzoo.checks import check_not_negative
from rnnzoo.explain import Look, Looks
from rnnzoo.export import export
from rnnzoo.ids import UNKNOWN
from rnnzoo.images import pixels
from rnnzoo.images.feature_cache import FeatureCache
from rnnzoo.pipeline.captioned import (
    count_captioned,
    read_captioned,
    without_captions,
)
from rnnzoo.pipeline.examples import Examples, Lookup, SeveralTargets
from rnnzoo.pipeline.raw import join_weights, show_progress
from rnnzoo.tasks.text_writer import TextWriter, check_beam
from rnnzoo.text.detokenizer import join

BATCH_SIZE = 32  # at inference
BEAM_WIDTH = 3
CIDER_SIGNATURE = (
    f"tok:coco|n:{scoring.CIDER_ORDER}|sigma:{scoring.CIDER_SIGMA}"
)


@dataclasses.dataclass(frozen=True, eq=False)
class Caption:
    """A caption, and how the model came to it.

    Attributes:
        text: The caption.
        score: By which captions are compared: see `rnnzoo.search.beam`.
        tokens: Strings, the tokens of the caption.
        attention: float32 `(tokens, rows, columns)`, how much it looked at
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
    as `bytes`, or arrays; see `rnnzoo.images.pixels.load`. Targets are a list
    of captions for each image, of which training draws one a pass. TFDS
    datasets such as `flickr8k` and `coco_captions` have both.

    Args:
        encoder: Keras model from float images `(batch, height, width, 3)` of
            0 to 255 to a feature map `(batch, rows, columns, features)`, of
            fixed sizes: see `rnnzoo.images.encoders.image_encoder`. It runs as
            at inference in training, too: statistics of `BatchNormalization`
            stay.
        memory: `rnnzoo.layers.ImageMemory`, what the decoder attends to.
        decoder: `rnnzoo.layers.AttentionDecoder`; the `input_dim` of its
            `embedding` is the most ids of tokens.
        finetune_encoder: Whether the encoder is trained. If not, feature maps
            are computed once and kept on disk.
        cache_dir: Where they are kept; see `rnnzoo.images.feature_cache`. It
            belongs to a machine, so it is not saved.
        attention_penalty: Factor of `rnnzoo.losses.doubly_stochastic`.
        target_tokenizer, min_count, max_length, label_smoothing,
            length_penalty, recipe: See `TextWriter`.
        target_vocabulary: Tokens from id 2 on, learned by `adapt`.
    """

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
            self._start(target_vocabulary)

    monitor = "cider_d"
    parts = ("encoder", "memory", "decoder", "target_tokenizer")

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
        """Rows and columns of the places that are attended to."""
        return tuple(self.encoder.output_shape[1:3])

    # From raw examples to numbers.

    def adapt(self, x, y=None, labels=None, verbose=1):
        """Learns the vocabulary from captions.

        Args:
            x, y: Raw images with captions; see the class.
            labels: Not used; the captions tell.
            verbose: Whether to show progress.
        """
        self._require_new()
        counter = text.TokenCounter()
        to_count = text.in_graph(self.target_tokenizer.to_count)
        chunks, total = read_captioned(x, y), count_captioned(x)
        for chunk in show_progress(chunks, total, "image", verbose):
            _require_captions(chunk)
            captions = [each for of_one in chunk.y for each in of_one]
            counter.update(to_count(tf.constant(captions, tf.string)))
        self._start(self._learned_targets(counter))

    def encode(self, x, y=None, sample_weight=None):
        """Raw examples as numbers, `rnnzoo.pipeline.examples.Examples`.

        The inputs are a dict of the `image` or, of a frozen encoder, its
        `features`, and, if there are captions, of the `target` after the
        start; the labels are the ids before the end.
        """
        self._require_adapted("encode")
        chunks = list(read_captioned(x, y, sample_weight))
        encoded = [image for chunk in chunks for image in chunk.x]
        captions = [each for chunk in chunks for each in chunk.y or ()]
        columns = self._image_column(encoded)
        counts = np.array([len(of_one) for of_one in captions])
        if not captions:
            return Examples(columns, None, None, np.zeros(len(encoded), int))
        flat = [each for of_one in captions for each in of_one]
        targets = self._encode_targets(tf.constant(flat, tf.string))
        columns["target"], labels = (
            tf.RaggedTensor.from_row_lengths(ids, counts) for ids in targets
        )
        raw = np.empty(len(captions), object)
        raw[:] = captions
        weights = join_weights(chunks)
        return SeveralTargets(columns, labels, weights, counts, raw=raw)

    def _image_column(self, encoded):
        """What a batch has of images that are encoded as files."""
        places = np.arange(len(encoded), dtype="int32")
        if not self.finetune_encoder:
            cache = FeatureCache(self.encoder, self.cache_dir)
            table = cache.lookup(encoded, self._features)
            return {"features": Lookup(places, table)}
        files = tf.constant(encoded, tf.string)
        size = self.image_size

        def decode(places):
            return pixels.decode_batch(tf.gather(files, places), size).images

        return {"image": Lookup(places, decode)}

    @text.in_graph
    def _features(self, files):
        found = pixels.decode_batch(files, self.image_size)
        return self.encoder(found.images, training=False)

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
        """Scores of the tokens of captions, by those before.

        Args:
            inputs: Dict; see `encode`.
            training: Whether in training.

        Returns:
            `rnnzoo.layers.decoder.Decoded`; or, if there is no `target`, what
            would be attended to, `(batch, places, units)`.
        """
        memory = self._look(inputs, training)
        if "target" not in inputs:
            return memory
        return self.decoder(inputs["target"], memory, training=training)

    def _look(self, inputs, training):
        """What the decoder attends to."""
        if "image" in inputs:
            # Its statistics stay, those of a few images would do harm.
            features = self.encoder(inputs["image"], training=False)
        elif self.finetune_encoder:
            raise ValueError(
                "Expected examples that were encoded after `finetune_encoder` "
                "was set. Received feature maps, which cannot train an encoder."
            )
        else:
            features = inputs["features"]
        return self.memory(features, training=training)

    def attention_losses(self, decoded, token_losses, mask):
        parts = super().attention_losses(decoded, token_losses, mask)
        if self.attention_penalty and not self.decoder.attention.hard:
            left_out = losses.doubly_stochastic(decoded.weights, mask)
            parts.append(self.attention_penalty * left_out)
        return parts

    # From scores to captions.

    def decode(self, inputs, beam_width, n_best):
        """Describes images, in the graph.

        Args:
            inputs: Dict of `image`, float32 `(n, height, width, 3)` of
                `image_size`, or of `features`.
            beam_width, n_best: See `rnnzoo.search.beam`.

        Returns:
            Dict of tensors: `captions` string `(n, n_best)` and their
            `scores`; `tokens` `(n, n_best, time)`, "" where there is none;
            and, with attention, `weights` `(n, n_best, time, places)`.
        """
        memory = self._look(inputs, training=False)
        longest = tf.fill([tf.shape(memory)[0]], self.max_length)
        written = self.write(memory, None, None, longest, beam_width, n_best)
        outputs = {
            "captions": join(written.tokens, self.target_tokenizer.unit),
            "scores": written.scores,
            "tokens": written.tokens,
        }
        if written.weights is not None:
            outputs["weights"] = written.weights
        return outputs

    _decode = tf.function(decode, reduce_retracing=True, autograph=False)

    @property
    def unwritten(self):
        # There is always something to say that has a word.
        return (*super().unwritten, UNKNOWN)

    # How good it is.

    def answers(self, examples, beam_width):
        columns = {k: v for k, v in examples.inputs.items() if k != "target"}
        plain = Examples(columns, None, None, np.zeros(len(examples), int))
        captions = [
            caption.decode()
            for (inputs,) in plain.batches(BATCH_SIZE)
            for caption in self._decode(inputs, beam_width, 1)["captions"][
                :, 0
            ].numpy()
        ]
        return captions, list(examples.raw)

    def score(self, examples, quick=False):
        """Captions beside all that people wrote of an image.

        Returns:
            Dict of `cider_d`, and unless `quick`, where sacreBLEU is installed,
            of `bleu_1` to `bleu_4`, and of `words`, `reference_words` and
            `distinct`: see `rnnzoo.scoring.CaptionScores`.
        """
        captions, references = self.answers(
            examples, 1 if quick else BEAM_WIDTH
        )
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

    # What a user reads.

    def caption(
        self,
        images,
        beam_width=BEAM_WIDTH,
        n_best=1,
        return_scores=False,
        return_attention=False,
        batch_size=None,
    ):
        """The best captions that a beam search finds.

        Args:
            images: List of images of any size, or one image: a path, `bytes`
                or an array; see `rnnzoo.images.pixels.load`. Captions, if a
                dataset has them, are ignored.
            beam_width: Number of the unfinished captions that go on.
            n_best: Number of captions of each image.
            return_scores: Whether to return `Caption`s, not strings.
            return_attention: Likewise.
            batch_size: Defaults to 32.

        Returns:
            List of strings or of `Caption`s, in the order of the images; or,
            with an `n_best` above 1, of lists of them, the best first, of as
            many as were found. An image that cannot be read has `None`, and a
            warning says why.
        """
        self._require_adapted("caption")
        check_beam(beam_width, n_best)
        rich = return_scores or return_attention
        results = []
        for _, found in self._answers(
            images, beam_width, n_best, batch_size or BATCH_SIZE
        ):
            if found is None:
                results.append(None)
                continue
            each = found if rich else [caption.text for caption in found]
            results.append(each if n_best > 1 else each[0])
        return results

    def predict(self, x, batch_size=None, verbose=0):
        """Captions; see `caption`. No progress is shown."""
        return self.caption(x, batch_size=batch_size)

    def explain(self, images):
        """Where it looked: for each word the weights of the image's parts.

        Returns:
            `rnnzoo.explain.Looks`, one for each image that can be read.

        Raises:
            ValueError: If the model has no attention.
        """
        self._require_adapted("explain")
        if self.decoder.attention is None:
            raise ValueError(
                "There is nothing to explain. Expected a model with attention."
            )
        return Looks(
            Look(
                image=image.round().astype("uint8"),
                caption=found[0].text,
                score=found[0].score,
                tokens=found[0].tokens,
                weights=found[0].attention,
            )
            for image, found in self._answers(images, BEAM_WIDTH, 1, BATCH_SIZE)
            if found is not None
        )

    def _answers(self, images, beam_width, n_best, batch_size):
        """For each image itself, resized, and a list of `Caption`s."""
        is_file = isinstance(images, (str, bytes, os.PathLike))
        if is_file or getattr(images, "ndim", 4) in (2, 3):
            images = [images]
        images = pixels.check_items(without_captions(images))
        for start in range(0, len(images), batch_size):
            loaded = pixels.load(
                images[start : start + batch_size], self.image_size, start
            )
            for message in loaded.errors.values():
                warnings.warn(message, stacklevel=3)
            outputs = self._decode(
                {"image": tf.constant(loaded.images)}, beam_width, n_best
            )
            outputs = {k: v.numpy() for k, v in outputs.items()}
            for i, image in enumerate(loaded.images):
                row = {k: v[i] for k, v in outputs.items()}
                failed = i in loaded.errors
                yield image, None if failed else _captions(row, self.grid)

    # Serving and saving.

    def export(self, directory, overwrite=True, beam_width=BEAM_WIDTH):
        """Writes a SavedModel that takes images.

        Its signatures, each with the answers `caption` string and `score`
        float32, `(n,)`:

        - `serving_default`, with `image_bytes: string (n,)`, JPEG or PNG
          files. One that cannot be read has an empty caption, and a score of
          minus infinity.
        - `images`, with `images: uint8 (n, height, width, 3)`, of any size.

        Args:
            directory: Where to write.
            overwrite: Whether an existing directory is replaced.
            beam_width: The width of the search.
        """
        self._require_adapted("export")
        check_beam(beam_width)
        files = tf.TensorSpec([None], tf.string, name="image_bytes")
        arrays = tf.TensorSpec([None, None, None, 3], tf.uint8, name="images")

        def describe(images):
            # Of no image at all, oneDNN makes feature maps of a wrong shape.
            count = tf.shape(images)[0]
            more = tf.cast(count == 0, tf.int32)
            images = tf.pad(images, [[0, more], [0, 0], [0, 0], [0, 0]])
            found = self.decode({"image": images}, beam_width, 1)
            return found["captions"][:count, 0], found["scores"][:count, 0]

        @tf.function(input_signature=[files], autograph=False)
        def serve_files(image_bytes):
            read = pixels.decode_batch(image_bytes, self.image_size)
            caption, score = describe(read.images)
            return {
                "caption": tf.where(read.valid, caption, ""),
                "score": tf.where(read.valid, score, -float("inf")),
            }

        @tf.function(input_signature=[arrays], autograph=False)
        def serve_arrays(images):
            images = pixels.resize(images, self.image_size)
            caption, score = describe(images)
            return {"caption": caption, "score": score}

        export(
            directory,
            {"serving_default": serve_files, "images": serve_arrays},
            [weight.value for weight in self.weights],
            [self.target_vocabulary.table],
            overwrite=overwrite,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "finetune_encoder": self.finetune_encoder,
            "attention_penalty": self.attention_penalty,
        }


def _require_captions(chunk):
    if chunk.y is None:
        raise ValueError(
            "Invalid value for argument `y`. Expected captions: `y`, a list "
            "of them for each image, or a dataset of dictionaries that have "
            "them. Received none."
        )


def _cider_d(captions, references):
    tokenized = list(map(scoring.coco_tokenize, captions))
    others = [list(map(scoring.coco_tokenize, each)) for each in references]
    return float(np.mean(scoring.cider_d(tokenized, others)))


def _captions(row, grid):
    """Those that were found, from what the graph made of an image."""
    found = []
    for n, score in enumerate(row["scores"]):
        if n and score == -np.inf:
            break
        tokens = row["tokens"][n]
        tokens = [each.decode() for each in tokens[tokens != b""]]
        attention = None
        if "weights" in row:
            weights = row["weights"][n, : len(tokens)]
            attention = weights.reshape(-1, *grid)
        found.append(
            Caption(
                text=row["captions"][n].decode(),
                score=float(score),
                tokens=tokens,
                attention=attention,
            )
        )
    return found
