"""Translation of texts, with an alignment of their words."""

import functools
import importlib.util
import warnings
from typing import Any

import keras

from rnnzoo import scoring
from rnnzoo.checks import check_choice
from rnnzoo.pipeline.schema import Schema, Text
from rnnzoo.tasks.answers import WrittenAnswer
from rnnzoo.tasks.text_to_text import BEAM_WIDTH, TextToText


class Translation(WrittenAnswer):
    """A translation, and how the model arrived at it."""


@keras.saving.register_keras_serializable(package="rnnzoo")
class Translator(TextToText):
    """Translates raw strings.

    Wherever a method takes raw data, targets are strings as well: pairs of
    lists, datasets of pairs, or TFDS dictionaries with two languages, such as
    `multi30k`, `ted_hrlr_translate` and `wmt`.

    Where sacreBLEU is installed, validation data is scored after each epoch,
    greedily; `evaluate` scores what a beam search finds. `bleu` and `chrf` are
    of texts as they are, `bleu_lowercase` ignores case; all are in 0..100. If
    the tokenizer lower-cases, there are `bleu_lowercase` and `chrf_lowercase`.
    The best epoch is that of the best BLEU; of the best chrF, if most
    references are too short for BLEU (`rnnzoo.scoring.share_with_ngrams`);
    without sacreBLEU, of the best accuracy of tokens.

    Args:
        embedding, encoder, decoder: See `rnnzoo.tasks.TextToText`.
        languages: Names of the features `(source, target)` of dictionaries;
            by default the supervised keys of TFDS's `DatasetInfo`, if `adapt`
            gets one as its `labels`.
        bleu_tokenizer: How BLEU splits texts into tokens: a name that
            `rnnzoo.scoring.bleu` takes.
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
        self,
        embedding,
        encoder,
        decoder,
        *,
        languages=None,
        bleu_tokenizer="auto",
        **kwargs,
    ):
        super().__init__(embedding, encoder, decoder, **kwargs)
        check_choice("bleu_tokenizer", bleu_tokenizer, scoring.TOKENIZERS)
        self.bleu_tokenizer = bleu_tokenizer
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
        return _schema(self.languages)

    def schema_of(self, info):
        return _schema(self.languages or self.labels_of(info))

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

    def count_all(self, x, y=None, labels=None, verbose=1, limit=None):
        if labels is not None:
            self.languages = self.languages or self.labels_of(labels)
        counts = super().count_all(x, y, verbose=verbose, limit=limit)
        counts.labels = self.languages
        return counts

    def learn(self, counts, labels):
        return {**super().learn(counts, labels), "languages": labels}

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
        return f"bleu{self._case}" if _has_sacrebleu() else "accuracy"

    def monitor_for(self, examples):
        if not _has_sacrebleu():
            return self.monitor
        share = scoring.share_with_ngrams(
            _references(examples), self.bleu_tokenizer
        )
        return self.monitor if share > 0.5 else f"chrf{self._case}"

    @property
    def _case(self):
        """Ending of the names of scores that see all the case there is."""
        return "_lowercase" if self.target_tokenizer.lowercase else ""

    def score(self, examples, quick=False):
        """BLEU and chrF of translations beside those that people wrote.

        Returns:
            Dict of `bleu`, `chrf` and, unless `quick`, `bleu_lowercase`; of
            `bleu_lowercase` and `chrf_lowercase`, if translations are in lower
            case. Empty without sacreBLEU.
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
        references = _references(examples)
        bleu = functools.partial(scoring.bleu, tokenize=self.bleu_tokenizer)
        scorers = {"bleu_lowercase": bleu, "chrf_lowercase": scoring.chrf}
        if not self._case:
            scorers = {"bleu": bleu, "chrf": scoring.chrf}
            if not quick:
                scorers["bleu_lowercase"] = bleu
        scores = {}
        for name, scorer in scorers.items():
            ignores_case = name.endswith("_lowercase")
            found = scorer(written, references, lowercase=ignores_case)
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
                `head`, `prefix`, `batch_size`, `verbose`.

        Returns:
            List of strings or of `Translation`s, in the order of the texts;
            with an `n_best` above 1, of lists of them, the best first, as
            many as were found.
        """
        return self.rewrite(x, *args, **kwargs)

    def get_config(self):
        return {**super().get_config(), "bleu_tokenizer": self.bleu_tokenizer}


def _references(examples):
    return [[each.decode()] for each in examples.raw["target"]]


def _schema(languages):
    source, target = languages or ("source", "target")
    # Files of pairs seldom name their columns; `rnnzoo.data` numbers them.
    return Schema(
        (Text("source", (source,), ("src", "1")),),
        (Text("target", (target,), ("tgt", "trg", "2")),),
    )


def _has_sacrebleu():
    return importlib.util.find_spec("sacrebleu") is not None
