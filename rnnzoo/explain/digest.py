"""A text that a model summarized: what it looked at, and what it copied."""

import dataclasses
import re
from typing import NamedTuple

import numpy as np

from rnnzoo.explain import digest_html
from rnnzoo.explain.drawing import percent
from rnnzoo.explain.items import Item, Items
from rnnzoo.explain.pieces import SPACE, between, pieces_of

_WORD = re.compile(r"\S+")


class Word(NamedTuple):
    """A word of a summary as it is drawn.

    Attributes:
        text: The token.
        generate: Probability that it was not to be copied.
        is_copied: Whether it was, more probably than not.
    """

    text: str
    generate: float
    is_copied: bool


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Digest(Item):
    """A text, its summary, and where each word of the summary is from.

    A pointer-generator (See et al. 2017) decides at each word how probably it
    generates one of its vocabulary; else it copies a word that it attends to.

    A notebook displays it as a page.

    Args:
        text: The original text.
        summary: The model's summary.
        score: The model's score of the summary; see `rnnzoo.search.beam`.
        tokens: Strings, the tokens that the model read; a text that was longer
            than its limit has more.
        spans: A pair `(start, end)` for each of them, in order:
            `text[start:end]` is the token in the original text.
        written: Strings, the tokens of the summary.
        alignment: `(written, tokens)`: attention to each token that was read
            while the model wrote each token of the summary.
        generate: `(written,)`, the probability to generate.
        copied: `(written,)`, the share of the probability of each token that
            is by copying it.

    Examples:

    >>> import numpy as np
    >>> from rnnzoo.explain import Digest
    >>> digest = Digest(
    ...     text="Please greet Tovi.",
    ...     summary="Welcome Tovi",
    ...     score=-0.25,
    ...     tokens=["Please", "greet", "Tovi", "."],
    ...     spans=[(0, 6), (7, 12), (13, 17), (17, 18)],
    ...     written=["Welcome", "Tovi"],
    ...     alignment=np.array([[0.2, 0.8, 0, 0], [0, 0, 1, 0]]),
    ...     generate=np.array([0.75, 0.125]),
    ...     copied=np.array([0.0, 1.0]),
    ... )
    >>> digest
    'Welcome Tovi' (-0.250), of 4 words
      'Welcome'  generate  75%  'greet' 80%
      'Tovi'     copy      88%  'Tovi' 100%
    >>> digest.weights.tolist()
    [0.1, 0.4, 0.5, 0.0]
    >>> digest.places_copied()
    {2}
    """

    text: str
    summary: str
    score: float
    tokens: list
    spans: list
    written: list
    alignment: np.ndarray
    generate: np.ndarray
    copied: np.ndarray

    @property
    def weights(self):
        """The attention to each token, the mean over the summary."""
        return self.alignment.sum(axis=0) / max(len(self.written), 1)

    @property
    def shades(self):
        """The darkness of each token as drawn, from 0 to 1.

        The square root of its weight: a few words get most of the attention,
        and what else was looked at should be seen. The darkest token has 1,
        unless it is less than twice the mean.
        """
        shades = np.sqrt(self.weights)
        if not shades.any():
            return shades
        return shades / max(shades.max(), 2 * shades.mean())

    @property
    def is_copied(self):
        """Boolean `(written,)`, whether each token is a copy, probably."""
        return self.copied > 0.5

    @property
    def unread(self):
        """The part of the text beyond the model's limit, from a word on."""
        end = self.spans[-1][1] if self.spans else len(self.text)
        return self.text[SPACE.match(self.text, end).end() :]

    def places_copied(self):
        """Places of the tokens that were copied: each the one attended most.

        Where a word stands several times, only the place counts that the model
        looked at.
        """
        places = set()
        for word, weights in zip(
            self._copies(), self.alignment[self.is_copied], strict=True
        ):
            own = [word == token for token in self.tokens]
            if any(own):
                places.add(int(np.argmax(np.where(own, weights, -1.0))))
        return places

    def words(self):
        """The summary as it is drawn: list of `Word`."""
        return [
            Word(*each)
            for each in zip(
                self.written,
                self.generate.tolist(),
                self.is_copied.tolist(),
                strict=True,
            )
        ]

    def pieces(self):
        """The text that was read: list of `rnnzoo.explain.pieces.Piece`."""
        places = (0, len(self.text) - len(self.unread))
        return pieces_of(self.text, self.spans, (0, len(self.tokens)), places)

    def unread_pieces(self):
        """The rest of it, as of `pieces`."""
        return between(self.unread)

    def caption(self):
        """The line above the summary."""
        count = int(self.is_copied.sum())
        return (
            f"{count} of {len(self.written)} words copied, of "
            f"{len(self.tokens):,} that were read"
        )

    def limit(self):
        """The line above the part that was not read."""
        count = len(_WORD.findall(self.unread))
        return (
            f"Beyond the model's limit of {len(self.tokens):,}, not read: "
            f"{count:,} words"
        )

    def _copies(self):
        return [word.text for word in self.words() if word.is_copied]

    def _alone(self):
        return Digests([self])

    def __repr__(self):
        lines = [
            f"{self.summary!r} ({self.score:.3f}), of {len(self.tokens)} words"
        ]
        width = max(map(len, map(repr, self.written)), default=0)
        for word, row in zip(self.words(), self.alignment, strict=True):
            how, share = "generate", word.generate
            if word.is_copied:
                how, share = "copy", 1 - word.generate
            place = int(row.argmax())
            lines.append(
                f"  {word.text!r:<{width}}  {how:<8}  {percent(share):>4}  "
                f"{self.tokens[place]!r} {percent(row[place])}"
            )
        if self.unread:
            lines.append(f"  {self.limit()}")
        return "\n".join(lines)


class Digests(Items):
    """A list of the digests of several texts, to be saved and shown.

    Examples:

    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from rnnzoo.explain import Digest, Digests
    >>> nothing = np.zeros(0)
    >>> digests = Digests(
    ...     Digest(text, "", 0.0, [], [], [], np.eye(0), nothing, nothing)
    ...     for text in ("", "?")
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "digests.html")
    ...     digests.save(page)
    ...     page.read_text("utf-8").count("There is nothing to summarize.")
    2
    """

    _title = "What the model summarized"
    _style = digest_html.STYLE

    def _article(self, place):
        return digest_html.article(self[place])

    def _draw(self, sheet, place):
        from rnnzoo.explain import digest_plot  # matplotlib, an extra

        digest_plot.draw(sheet, self[place])

    def _strings(self):
        for each in self:
            yield from (each.text, *each.written)
