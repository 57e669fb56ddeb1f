"""Quatrains that a language model writes by the rules of regulated verse."""

import unicodedata
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.checks import check_choice, check_positive
from rnnzoo.graphs import traced
from rnnzoo.pipeline.poems import Poem
from rnnzoo.pipeline.schema import TEXTS, Schema
from rnnzoo.search.draw import uniform
from rnnzoo.tasks import verse
from rnnzoo.tasks.answers import several
from rnnzoo.tasks.generation import (
    Sampling,
    seed_of,
    served_first,
    served_sampling,
    served_seeds,
)
from rnnzoo.tasks.language_model import LanguageModel

STARTS = ("level", "oblique")
FEWEST = 3  # characters of a rhyme, with that of the first line


@keras.saving.register_keras_serializable(package="rnnzoo")
class QuatrainGenerator(LanguageModel):
    """Writes poems of four lines of five or seven characters.

    It is a language model of the characters and line breaks of poems, and says
    how probable any poem is. What it writes keeps the form: the lengths of the
    lines, the characters that they begin with (an acrostic) and, unless they
    are switched off, the rules of regulated verse; `rnnzoo.tasks.verse` says
    which. Tones and rhymes are those of a table. A character with both tones
    fits both, one that the table lacks fits where there is no rule.

    Before its characters, the pattern of a poem is drawn: with which tone it
    begins, the rhyme, and whether the first line rhymes, too. Patterns are as
    frequent as among the quatrains that `adapt` has read.

    Training data are poems, texts with line breaks or lists of lines. Each is
    read by itself. Poems of any form teach the characters.

    Args:
        backbone, softmax, **kwargs: See `rnnzoo.LanguageModel`. Texts are not
            contiguous, unless `contiguous` says so, and tokens are characters.
        table: `rnnzoo.text.RhymeTable`, or what its `get_config` returns; by
            default the table of this package. It is saved with the model.
        patterns: How often each of `rnnzoo.tasks.verse.Pattern.every` occurred;
            learned by `adapt`. By default all are equally frequent.
        vocabulary: Characters from id 2 on; learned by `adapt`.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build(
    ...     "quatrain_generator", units=8, embedding_dim=8, min_count=1
    ... )
    >>> poem = "白日依山盡\\n黃河入海流\\n欲窮千里目\\n更上一層樓"
    >>> other = "紅豆生南國\\n秋來發故枝\\n願君多採擷\\n此物最相思"
    >>> model.adapt([poem, other], verbose=0)
    >>> (found,) = model.generate(
    ...     "山河", line_length=5, tones=False, rhymes=False, seed=1
    ... )
    >>> [line[0] for line in found.split("\\n")[:2]]
    ['山', '河']
    """

    schema = Schema((Poem("text", keys=("lines", "text"), also=TEXTS),))
    unit_name = "poem"
    lends = ("tokenizer", "table")
    counts_by = ("table.rows",)

    def __init__(
        self,
        backbone,
        softmax,
        *,
        tokenizer=None,
        contiguous=False,
        table=None,
        patterns=None,
        vocabulary=None,
        **kwargs,
    ):
        super().__init__(
            backbone,
            softmax,
            tokenizer=tokenizer or text.PlainTokenizer("character"),
            contiguous=contiguous,
            **kwargs,
        )
        if table is None:
            table = text.RhymeTable.read()
        elif not isinstance(table, text.RhymeTable):
            table = text.RhymeTable(**table)
        self.table = table
        self.patterns = None
        if vocabulary is not None:
            self.take(vocabulary, patterns)

    # What is learned.

    @property
    def learned(self):
        return {**super().learned, "patterns": self.patterns}

    def count(self, chunk, counts, labels):
        super().count(chunk, counts, labels)
        found = (
            verse.Pattern.of(poem.decode(), self.table)
            for poem in chunk["text"]
        )
        names = [" ".join(map(str, each)) for each in found if each]
        counts["pattern"].update(np.array(names, str))

    def learn(self, counts, labels):
        found = counts["pattern"].counts
        every = zip(*verse.Pattern.every(len(self.table.rhymes)), strict=True)
        return {
            **super().learn(counts, labels),
            "patterns": tuple(
                found.get(" ".join(map(str, each)), 0) for each in every
            ),
        }

    def take(self, vocabulary, patterns=None):
        expected = verse.Pattern.every(len(self.table.rhymes)).start.size
        if patterns is None:
            patterns = (0,) * expected
        if len(patterns) != expected:
            raise ValueError(
                "Invalid value for argument `patterns`. Expected a number for "
                f"each of {expected} patterns. Received: {len(patterns)}"
            )
        self.patterns = tuple(patterns)
        super().take(vocabulary)

    def get_config(self):
        return {**super().get_config(), "table": self.table.get_config()}

    # Writing.

    def generate(
        self,
        heads: Any = "",
        count: int = 1,
        line_length: int = 7,
        tones: bool | str = True,
        rhymes: bool | str = True,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        block_ngrams: int = 0,
        seed: int | None = None,
        *,
        return_scores: bool = False,
        batch_size: int | None = None,
        verbose: int = 0,
    ) -> list:
        """Quatrains whose lines begin with given characters.

        Args:
            heads: Strings of up to four characters, the first of each line, or
                one such string. The other lines begin with any character.
            count: Number of quatrains for each.
            line_length: Characters of a line, 5 or 7.
            tones: Whether the rules of tones are kept; `"level"` or
                `"oblique"` also says which tone the second character has.
            rhymes: Whether the second line and the fourth rhyme; or the name
                of their rhyme in the table, such as `"東"`.
            temperature, top_k, top_p, block_ngrams: See
                `rnnzoo.tasks.generation.Sampling`. With `block_ngrams=1`, no
                character comes twice, but for the heads.
            seed: Integer that decides what is drawn, together with the place
                of the heads and of the quatrain; by default a random one.
            return_scores: Whether to return
                `rnnzoo.tasks.generation.Generated`, not strings.
            batch_size: Quatrains at once; defaults to 64.
            verbose: As in Keras.

        Returns:
            List of strings with line breaks, or of `Generated`, in the order
            of the heads; with a `count` above 1, of lists of them.

        Raises:
            ValueError: If an argument is out of its range, if the model does
                not know a head, or knows too few characters for the rules.
        """
        self._require_adapted("generate")
        check_choice("line_length", line_length, verse.LENGTHS)
        check_positive("count", count)
        heads = self._checked_heads(heads)
        rules = self._checked_rules(line_length, tones, rhymes)
        length = verse.size_of(line_length)
        sampling = Sampling(
            1, length, length, temperature, top_k, top_p, block_ngrams
        ).checked()
        seed = seed_of(seed)
        if not heads.size:
            return []
        # Each text is a row, since it has a pattern of its own.
        numbers = np.arange(len(heads))[:, None] + (np.arange(count) << 32)
        numbers = numbers.reshape(-1)
        found = self.run_rows(
            lambda inputs: self._written(inputs, rules, sampling),
            np.repeat(heads, count),
            np.stack([np.full_like(numbers, seed), numbers], axis=1),
            batch_size,
            verbose,
        )
        found = [each for (each,) in found]
        return [
            several(found[i : i + count], count, not return_scores)
            for i in range(0, len(found), count)
        ]

    def write_quatrains(self, heads, seeds, rules, sampling):
        """Quatrains, from strings to strings.

        Args:
            heads: String tensor `(n,)`.
            seeds: int64 `(n, 2)`.
            rules: `rnnzoo.tasks.verse.Rules`.
            sampling: `rnnzoo.tasks.generation.Sampling`, with the lengths of
                the quatrains.

        Returns:
            Dict of `text`, string `(n, 1)`, and its `log_prob`.
        """
        masks = self._masks()
        # The characters are drawn by number 0 of a seed.
        some = tf.concat([seeds, tf.zeros_like(seeds[:1])], axis=0)
        ones = tf.ones_like(some[:, 0], tf.int32)
        drawn = uniform(some, ones, 1)[:-1, 0]
        pattern = verse.draw_patterns(
            drawn,
            rules,
            np.array(self.patterns, "float32"),
            _is_whole(masks),
        )
        heads = self.target.tokens(heads).to_tensor(
            "", shape=[None, verse.LINES]
        )
        return self.write(
            verse.given_in(heads, rules.line_length),
            seeds,
            sampling,
            verse.allowed_by(
                verse.kinds_of(pattern, rules), masks, rules.line_length
            ),
        )

    @traced
    def _written(self, inputs, rules, sampling):
        return self.write_quatrains(
            inputs["text"], inputs["seed"], rules, sampling
        )

    def served_generate(self):
        """The signature `generate` of exports.

        It takes `heads`, string `(n,)`, the int32 `line_length`, `top_k` and
        `seed`, the booleans `tones` and `rhymes` and the float32 `temperature`
        and `top_p`, each a scalar or, so that requests can be batched, `(n,)`;
        and answers `text`, string `(n,)`, and its `log_prob`, float32 `(n,)`.
        Any line has five or seven characters, whichever is nearer to
        `line_length`. A head that the model does not know is kept, and read as
        an unknown character; those after the fourth are left out.
        """
        signature = [
            tf.TensorSpec([None], tf.string, name="heads"),
            tf.TensorSpec(None, tf.int32, name="line_length"),
            tf.TensorSpec(None, tf.bool, name="tones"),
            tf.TensorSpec(None, tf.bool, name="rhymes"),
            tf.TensorSpec(None, tf.float32, name="temperature"),
            tf.TensorSpec(None, tf.int32, name="top_k"),
            tf.TensorSpec(None, tf.float32, name="top_p"),
            tf.TensorSpec(None, tf.int32, name="seed"),
        ]
        short, long = verse.LENGTHS

        @tf.function(input_signature=signature, autograph=False)
        def generate(
            heads, line_length, tones, rhymes, temperature, top_k, top_p, seed
        ):
            line_length = tf.where(line_length * 2 < short + long, short, long)
            length = verse.size_of(line_length)
            sampling = served_sampling(temperature, top_k, top_p)._replace(
                max_length=length, min_length=length
            )
            rules = verse.Rules(line_length, tones, rhymes)
            seeds = served_seeds(seed, heads)
            return served_first(
                self.write_quatrains(heads, seeds, rules, sampling)
            )

        return generate

    # Details.

    def _masks(self):
        """The tokens of each kind of place, booleans `(kinds, vocabulary)`."""
        table, tokens = self.table, self.vocabulary.tokens
        kinds = [tokens, table.level, table.oblique, *table.rhymes.values()]
        masks = np.zeros([len(kinds), self.target.size], bool)
        for i, token in enumerate(tokens, len(self.vocabulary) - len(tokens)):
            if _is_written(token):
                masks[:, i] = [token in kind for kind in kinds]
        return masks

    def _checked_heads(self, heads):
        """An array of `bytes`; raises `ValueError` if one is wrong."""
        heads = text.check_texts(heads, "heads")
        for place, each in enumerate(heads):
            characters = [
                token.decode()
                for token in self.target.tokens([each])[0].numpy()
            ]
            received = f"Received: heads[{place}]={each.decode()!r}"
            if len(characters) > verse.LINES:
                raise ValueError(
                    "Invalid value for argument `heads`. Expected at most "
                    f"{verse.LINES} characters, one for each line. {received}"
                )
            known = set(filter(_is_written, self.vocabulary.tokens))
            if unknown := [one for one in characters if one not in known]:
                raise ValueError(
                    "Invalid value for argument `heads`. Expected characters "
                    f"that the model has learned to write, not "
                    f"{', '.join(map(repr, unknown))}. {received}"
                )
        return heads

    def _checked_rules(self, line_length, tones, rhymes):
        """`rnnzoo.tasks.verse.Rules`; raises `ValueError` if one is wrong."""
        names = list(self.table.rhymes)
        check_choice("tones", tones, (True, False, *STARTS))
        check_choice("rhymes", rhymes, (True, False, *names))
        masks = self._masks()
        if tones and not masks[[verse.LEVEL, verse.OBLIQUE]].any(axis=1).all():
            raise ValueError(
                "Invalid value for argument `tones`. Expected False: the model "
                "has learned no characters of both tones. Received: "
                f"tones={tones!r}"
            )
        is_whole = _is_whole(masks)
        if isinstance(rhymes, str):
            is_whole = is_whole[[names.index(rhymes)]]
        if rhymes and not is_whole.any():
            raise ValueError(
                "Invalid value for argument `rhymes`. Expected False: the "
                f"model has learned no {FEWEST} characters of a rhyme. "
                f"Received: rhymes={rhymes!r}"
            )
        rules = verse.Rules(
            line_length,
            bool(tones),
            bool(rhymes),
            STARTS.index(tones) if isinstance(tones, str) else None,
            names.index(rhymes) if isinstance(rhymes, str) else None,
        )
        # Tensors, so that one graph serves all rules.
        return verse.Rules(
            *(None if each is None else tf.constant(each) for each in rules)
        )


def _is_whole(masks):
    """Which rhymes have enough characters, booleans `(rhymes,)`."""
    return masks[verse.RHYME :].sum(axis=1) >= FEWEST


def _is_written(token):
    """Whether a token may stand in a line: no punctuation, space or control."""
    return all(unicodedata.category(one)[0] in "LMN" for one in token)
