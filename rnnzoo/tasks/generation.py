"""Texts that a language model writes, drawn token by token."""

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from rnnzoo import search
from rnnzoo.checks import (
    check_count,
    check_not_negative,
    check_positive,
)
from rnnzoo.graphs import traced
from rnnzoo.ids import UNKNOWN
from rnnzoo.pipeline.examples import Examples
from rnnzoo.records import in_one_line
from rnnzoo.tasks.answers import as_line, fields_of, several
from rnnzoo.tasks.serving import finite
from rnnzoo.tasks.target_text import begin_with
from rnnzoo.tasks.task import Task

BATCH_SIZE = 64
SMALLEST = 1e-6  # of what `top_p` asks for


class Sampling(NamedTuple):
    """Settings of the draw of texts, and the limits that they keep.

    It holds all that a graph depends on besides its inputs, so that other
    settings are another graph.

    Attributes:
        count: Number of texts of each prompt.
        max_length: Most tokens of a text, with its prompt.
        min_length: Fewest tokens of a text, with its prompt.
        temperature: Divisor of the logits; 0 takes the likeliest token.
        top_k: Number of the likeliest tokens that are drawn from; 0 for all.
        top_p: Probability that the likeliest tokens, which are drawn from, add
            up to.
        block_ngrams: Size of the n-grams that a text has only once; 0 allows
            all.
    """

    count: int = 1
    max_length: int = 200
    min_length: int = 0
    temperature: Any = 1.0
    top_k: Any = 0
    top_p: Any = 1.0
    block_ngrams: int = 0

    def checked(self):
        """The same, with tensors, so that one graph serves all numbers.

        Without cuts, the graph need not sort the tokens. So `top_k` stays as
        it is, and a `top_p` of 1.

        Raises:
            ValueError: If an argument is out of its range.
        """
        check_positive("count", self.count)
        check_positive("max_length", self.max_length)
        check_count("min_length", self.min_length)
        check_not_negative("temperature", self.temperature)
        check_count("top_k", self.top_k)
        check_count("block_ngrams", self.block_ngrams)
        if not (
            isinstance(self.top_p, float | int)
            and math.isfinite(self.top_p)
            and 0 < self.top_p <= 1
        ):
            raise ValueError(
                "Invalid value for argument `top_p`. Expected a number above 0 "
                f"and at most 1. Received: top_p={self.top_p!r}"
            )

        top_p = self.top_p if self.top_p == 1 else tf.constant(self.top_p)
        return self._replace(
            max_length=tf.constant(self.max_length),
            min_length=tf.constant(self.min_length),
            temperature=tf.constant(self.temperature, tf.float32),
            top_p=top_p,
        )

    def limits(self, prompt_lengths):
        """Arguments of `rnnzoo.search.sample`.

        Args:
            prompt_lengths: int32 `(n,)`; prompts always have room.
        """
        longest = tf.maximum(self.max_length, prompt_lengths)
        return self._asdict() | {"max_length": longest}


@dataclasses.dataclass(frozen=True)
class Generated:
    """A text that was drawn, and how probable it is.

    Attributes:
        text: The text, with its prompt.
        log_prob: Its natural log probability by the model, with its end,
            without temperature and cuts.
    """

    text: str
    log_prob: float


class TextGenerator(Task):
    """A task that writes texts by what it knows of the next token.

    It has `backbone` and `softmax`, layers as of
    `rnnzoo.tasks.LanguageModel`; `target`, a
    `rnnzoo.tasks.target_text.TargetText`; and `max_length`.
    """

    def generate(
        self,
        prompts: Any = "",
        count: int = 1,
        max_length: int | None = None,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        block_ngrams: int = 0,
        seed: int | None = None,
        *,
        min_length: int = 0,
        form: Any = None,
        return_scores: bool = False,
        batch_size: int | None = None,
        verbose: int = 0,
    ) -> list:
        """Texts that begin with prompts, drawn token by token.

        Args:
            prompts: Beginnings of texts, or one, which may be empty. They are
                never cut.
            count: Number of texts of each prompt.
            max_length: Most tokens of a text, with its prompt; by default the
                task's.
            temperature, top_k, top_p, block_ngrams: See
                `rnnzoo.tasks.generation.Sampling`.
            seed: Integer that decides what is drawn, together with the place
                of the prompt and of the text; by default a random one.
            min_length: Fewest tokens of a text, with its prompt.
            form: What a text is made of, such as the lines of a poem: a list
                with an entry for each of its tokens, `None` for any token, a
                token, or a collection of those that may stand there. All
                texts have as many tokens as the list. A prompt need not keep
                the form.
            return_scores: Whether to return `Generated`, not strings.
            batch_size: Prompts at once; defaults to 64.
            verbose: As in Keras.

        Returns:
            List of strings, or of `Generated`, in the order of the prompts;
            with a `count` above 1, of lists of them.

        Raises:
            ValueError: If an argument is out of its range, or if the model
                does not know a token of the form.
        """
        self._require_adapted("generate")
        allowed = self._allowed(form)
        if form is not None:
            if max_length is not None or min_length:
                raise ValueError(
                    "Invalid value for argument `form`. Expected None beside "
                    "`max_length` and `min_length`: it has as many places as "
                    f"texts have tokens. Received: max_length={max_length}, "
                    f"min_length={min_length}"
                )
            max_length = min_length = len(allowed)
        sampling = Sampling(
            count,
            self.max_length if max_length is None else max_length,
            min_length,
            temperature,
            top_k,
            top_p,
            block_ngrams,
        ).checked()
        seed = seed_of(seed)
        chunks = [chunk["text"] for chunk in self.read_inputs(prompts)]
        if not chunks:
            return []
        prompts = np.concatenate(chunks)
        found = self.run_rows(
            lambda inputs: self._generated(inputs, allowed, sampling),
            prompts,
            np.stack([np.full(len(prompts), seed), range(len(prompts))], 1),
            batch_size,
            verbose,
        )
        return [several(each, count, not return_scores) for each in found]

    @staticmethod
    def run_rows(write, texts, seeds, batch_size, verbose):
        """The texts that a function of the graph writes, row by row.

        Args:
            write: Function of a dict of `text` and `seed`, a part of the
                following; it returns what `TextGenerator.write` does.
            texts: Array of `bytes`, `(n,)`.
            seeds: int64 array `(n, 2)`.
            batch_size: Rows at once; `None` for 64.
            verbose: As in Keras.

        Returns:
            A list of `Generated` for each row.
        """
        inputs = {"text": tf.constant(texts.tolist(), tf.string), "seed": seeds}
        lengths = np.array([len(each) for each in texts], int)
        rows = Examples(inputs, None, None, lengths).run(
            write, batch_size or BATCH_SIZE, verbose
        )
        return [
            [
                Generated(one.decode(), float(log_prob))
                for one, log_prob in zip(
                    row["text"], row["log_prob"], strict=True
                )
            ]
            for row in rows
        ]

    def _allowed(self, form=None):
        """The tokens that may be written, booleans `(vocabulary,)`.

        Args:
            form: See `generate`; with one, booleans `(places, vocabulary)`.
        """
        any_token = tf.range(self.target.size) != UNKNOWN
        if form is None:
            return any_token
        rows = []
        for place, tokens in enumerate(form):
            if tokens is None:
                rows.append(any_token)
                continue
            tokens = [tokens] if isinstance(tokens, str) else sorted(tokens)
            ids = self.vocabulary(tf.constant(tokens, tf.string)).numpy()
            if not tokens or UNKNOWN in ids:
                unknown = np.array(tokens)[ids == UNKNOWN].tolist()
                raise ValueError(
                    "Invalid value for argument `form`. Expected tokens that "
                    f"the model knows. Received: form[{place}] with "
                    f"{unknown[:10] or 'none'}"
                )
            rows.append(np.isin(np.arange(self.target.size), ids))
        if not rows:
            raise ValueError(
                "Invalid value for argument `form`. Expected at least one "
                "place. Received: form=[]"
            )
        return tf.constant(np.stack(rows))

    def write(self, given, seeds, sampling, allowed=None):
        """Texts, from strings to strings.

        Args:
            given: String tensor `(n, time)`, the tokens that are prescribed,
                such as those of prompts; "" where none is.
            seeds: Integers `(n, 2)`.
            sampling: `rnnzoo.tasks.generation.Sampling`.
            allowed: As of `rnnzoo.search.sample`; by default all but unknown
                tokens.

        Returns:
            Dict of `text`, string `(n, count)`, and its `log_prob`.
        """
        weights = self.backbone.prepare(), self.softmax.prepare()

        def step(tokens, states):
            vectors, states = self.backbone.step(tokens, states, weights[0])
            return self.softmax.scores(vectors, weights[1]), states

        is_given = given != ""
        rows = tf.shape(given)[0]
        found = search.sample(
            step,
            self.backbone.start(rows),
            tf.fill([rows], self.target.start_id),
            self.target.end_id,
            prefix=tf.where(is_given, self.target.ids_of(given), -1),
            allowed=self._allowed() if allowed is None else allowed,
            seed=seeds,
            **sampling.limits(tf.reduce_sum(tf.cast(is_given, tf.int32), 1)),
        )
        tokens = begin_with(
            given, found.lengths, self.target.spell(found.tokens)
        )
        return {"text": self.target.join(tokens), "log_prob": found.log_probs}

    def write_on(self, prompts, *args):
        """Texts that begin with prompts, string `(n,)`; see `write`."""
        return self.write(self.target.tokens(prompts).to_tensor(""), *args)

    @traced
    def _generated(self, inputs, allowed, sampling):
        return self.write_on(inputs["text"], inputs["seed"], sampling, allowed)

    @staticmethod
    def format_answer(answer):
        return in_one_line(as_line(answer))

    @staticmethod
    def as_record(answer):
        """The text and its log probability; of a list, all of them, too."""
        is_list = isinstance(answer, list)
        found = [
            fields_of(Generated, each)
            for each in (answer if is_list else [answer])
        ]
        text, log_prob = (found or [fields_of(Generated, None)])[0].values()
        record = {"generated": text, "log_prob": log_prob}
        return record | {"texts": found} if is_list else record

    def served_generate(self):
        """The signature `generate` of exports.

        It takes `prompt`, string `(n,)`, the int32 `max_length`, `top_k` and
        `seed` and the float32 `temperature` and `top_p`, each a scalar or, so
        that requests can be batched, `(n,)`; and answers `text`, string
        `(n,)`, and its `log_prob`, float32 `(n,)`.
        """
        signature = [
            tf.TensorSpec([None], tf.string, name="prompt"),
            tf.TensorSpec(None, tf.int32, name="max_length"),
            tf.TensorSpec(None, tf.float32, name="temperature"),
            tf.TensorSpec(None, tf.int32, name="top_k"),
            tf.TensorSpec(None, tf.float32, name="top_p"),
            tf.TensorSpec(None, tf.int32, name="seed"),
        ]

        @tf.function(input_signature=signature, autograph=False)
        def generate(prompt, max_length, temperature, top_k, top_p, seed):
            sampling = served_sampling(temperature, top_k, top_p)._replace(
                max_length=tf.maximum(max_length, 0)
            )
            seeds = served_seeds(seed, prompt)
            return served_first(self.write_on(prompt, seeds, sampling))

        return generate


def seed_of(seed):
    """A seed, a random one if none is given."""
    if seed is None:
        return np.random.randint(2**31)
    check_count("seed", seed)
    return seed


def served_sampling(temperature, top_k, top_p):
    """The `Sampling` of a request, with its numbers in their ranges."""
    return Sampling(
        temperature=tf.maximum(temperature, 0),
        top_k=tf.maximum(top_k, 0),
        top_p=tf.clip_by_value(top_p, SMALLEST, 1),
    )


def served_seeds(seed, texts):
    """The seeds of a request's texts, int64 `(n, 2)`."""
    seeds = tf.broadcast_to(tf.cast(seed, tf.int64), tf.shape(texts))
    return tf.stack([seeds, tf.zeros_like(seeds)], axis=1)


def served_first(found):
    """The first text of each row that `TextGenerator.write` made."""
    return {
        "text": found["text"][:, 0],
        "log_prob": finite(found["log_prob"][:, 0]),
    }
