"""Translation of texts, with an alignment of their words."""

import dataclasses
import importlib.util
import warnings
from typing import Any

import keras
import numpy as np

from rnnzoo import scoring
from rnnzoo.pipeline.schema import Schema, Text
from rnnzoo.tasks.text_to_text import BEAM_WIDTH, TextToText

# Scores of whole answers and how sacreBLEU counts them.
SCORES = {"bleu": {}, "bleu_lowercase": {"lowercase": True}}


@dataclasses.dataclass(frozen=True, eq=False)
class Translation:
    """A translation, and how the model arrived at it.

    Attributes:
        text: The translation.
        score: What translations are compared by: see `rnnzoo.search.beam`.
        tokens: Strings, the tokens of the translation.
        source_tokens: Strings, the tokens that the model read.
        alignment: float32 `(tokens, source_tokens)`, how much it attended to
            each; `None` without attention.
    """

    text: str
    score: float
    tokens: list = dataclasses.field(repr=False)
    source_tokens: list = dataclasses.field(repr=False)
    alignment: np.ndarray | None = dataclasses.field(repr=False)


@keras.saving.register_keras_serializable(package="rnnzoo")
class Translator(TextToText):
    """Translates raw strings.

    Wherever a method takes raw data, targets are strings as well: pairs of
    lists, datasets of pairs, or TFDS dictionaries with two languages, such as
    `multi30k`, `ted_hrlr_translate` and `wmt`.

    Where sacreBLEU is installed, validation data is scored after each epoch,
    greedily; `evaluate` scores what a beam search finds. `bleu` is sacreBLEU's
    default, of texts as they are; `bleu_lowercase` ignores case. Both are in
    0..100. The best epoch is that of the best `bleu` (of `bleu_lowercase`, if
    the tokenizer lower-cases) or, without sacreBLEU, of the best accuracy of
    tokens.

    Args:
        embedding, encoder, decoder: See `rnnzoo.tasks.TextToText`.
        languages: Names of the features `(source, target)` of dictionaries;
            may be learned by `adapt`.
        **kwargs: See `rnnzoo.tasks.TextToText` and `rnnzoo.tasks.TextWriter`.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build(
    ...     "luong_translator", unit="word", units=8, embedding_dim=8
    ... )
    >>> sources = ["good day", "good night"]
    >>> targets = ["bon jour", "bonne nuit"]
    >>> model.adapt(sources, targets, verbose=0)
    >>> model.compile()
    >>> history = model.fit(sources, targets, epochs=1, verbose=0)
    >>> len(model.translate(["good day"], beam_width=2))
    1
    """

    kind = "translation"
    verb = "translate"
    answer_type = Translation
    answer_name = "translation"
    keeps = ("source", "target")
    languages = None

    def __init__(
        self, embedding, encoder, decoder, *, languages=None, **kwargs
    ):
        super().__init__(embedding, encoder, decoder, **kwargs)
        if languages is not None and (
            isinstance(languages, str) or len(languages) != 2
        ):
            raise ValueError(
                "Invalid value for argument `languages`. Expected the names "
                "of source and target, such as ('en', 'de'). Received: "
                f"languages={languages!r}"
            )
        self.languages = languages and tuple(languages)

    @property
    def schema(self):
        source, target = self.languages or ("source", "target")
        return Schema(
            (Text("source", (source,)),), (Text("target", (target,)),)
        )

    @property
    def learned(self):
        return {**super().learned, "languages": self.languages}

    def take(self, vocabulary, target_vocabulary, languages=None):
        if languages is not None:
            self.languages = tuple(languages)
        super().take(vocabulary, target_vocabulary)

    @classmethod
    def labels_of(cls, labels):
        """The languages of TFDS's `DatasetInfo`, its supervised keys."""
        if not hasattr(labels, "supervised_keys"):
            raise ValueError(
                "Invalid value for argument `labels`. Expected TFDS's "
                f"`DatasetInfo`, or None. Received: labels={labels!r:.80}"
            )
        return labels.supervised_keys

    def adapt(self, x, y=None, labels=None, verbose=1):
        """Learns both vocabularies, in one pass.

        Args:
            x, y: Raw pairs; see the class.
            labels: Optionally TFDS's `DatasetInfo`, whose supervised keys are
                the languages, if the model was made without.
            verbose: Whether to show progress.
        """
        self._require_new()
        if labels is not None:
            self.languages = self.languages or self.labels_of(labels)
        super().adapt(x, y, verbose=verbose)

    def read(self, x, y=None, sample_weight=None):
        self._require_languages(x, 2)
        return super().read(x, y, sample_weight)

    def read_inputs(self, x):
        self._require_languages(x, 1)
        return super().read_inputs(x)

    def _require_languages(self, x, count):
        """Raises unless dictionaries have the first `count` languages."""
        features = getattr(x, "element_spec", None)
        if not isinstance(features, dict):
            return
        wanted = [each.keys[0] for each in self.schema.features[:count]]
        if not set(wanted) <= set(features):
            raise ValueError(
                "Invalid value for argument `languages`. Expected the names "
                "of source and target among the features of the dataset, "
                f"{sorted(features)}. Received: languages={self.languages!r}"
            )

    # Scores.

    @property
    def monitor(self):
        if not _has_sacrebleu():
            return "accuracy"
        return "bleu_lowercase" if self.target_tokenizer.lowercase else "bleu"

    def score(self, examples, quick=False):
        """BLEU of translations beside those that people wrote.

        Returns:
            Dict of `bleu` and, unless `quick`, `bleu_lowercase`; only of
            `bleu_lowercase`, if translations are in lower case. Empty without
            sacreBLEU.
        """
        if not _has_sacrebleu():
            warnings.warn(
                "There is no BLEU without sacreBLEU: "
                '`pip install "rnnzoo[scoring]"`. The best epoch is that of '
                "the best accuracy of tokens.",
                stacklevel=2,
            )
            return {}
        written = self.translate(examples, 1 if quick else BEAM_WIDTH)
        references = [[each.decode()] for each in examples.raw["target"]]
        alone = quick or self.target_tokenizer.lowercase
        scores = {}
        for name in [self.monitor] if alone else SCORES:
            found = scoring.bleu(written, references, **SCORES[name])
            scores[name] = found.score
            self.signatures[name] = found.signature
        return scores

    # Answers.

    def translate(self, x: Any, *args: Any, **kwargs: Any) -> list:
        """The best translations that a beam search finds.

        Args:
            x: Texts, or one text; targets, if a dataset has them, are ignored.
            *args, **kwargs: See `rnnzoo.tasks.TextToText.rewrite`:
                `beam_width`, `n_best`, `return_scores`, `return_alignments`,
                `prefix`, `batch_size`, `verbose`.

        Returns:
            List of strings or of `Translation`s, in the order of the texts;
            with an `n_best` above 1, of lists of them, the best first, as
            many as were found.
        """
        return self.rewrite(x, *args, **kwargs)


def _has_sacrebleu():
    return importlib.util.find_spec("sacrebleu") is not None
