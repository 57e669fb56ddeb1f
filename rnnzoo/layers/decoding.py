"""The protocol of decoders: layers that write a sequence token by token.

A task trains a decoder on whole targets and searches with single steps:

```python
logits = decoder(tokens, encoded, memory_mask=mask).logits

memory, state = decoder.start(encoded, mask)
step = functools.partial(decoder.step, memory=memory)
found = rnnzoo.search.beam(step, state, start, end, max_length=50)
weights = decoder.align(tokens, state, memory)
```
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable


class Decoded(NamedTuple):
    """Result of a decoder that reads whole targets.

    Attributes:
        logits: float32 `(batch, steps, tokens)`, of the token after each one
            that was read. A decoder that copies has more tokens, see
            `rnnzoo.layers.pointer`: `(batch, steps, tokens + places)`.
        weights: float32 `(batch, steps, places)`, the weights of attention;
            `()` without attention.
        log_probs: float32 `(batch, steps)`, see
            `rnnzoo.layers.attention.Attended`; `()` without attention.
        generate: float32 `(batch, steps)`, log odds of generating each token
            over copying it; `()` without copying.
    """

    logits: Any
    weights: Any
    log_probs: Any
    generate: Any = ()


@runtime_checkable
class Decoder(Protocol):
    """A layer that predicts each token from the tokens before and a memory.

    These rules hold for any architecture:

    - **Calls and steps agree.** Step `t` gives the logits that a call gives at
      place `t` of the same tokens. At inference nothing is drawn at random.
    - **The state holds all that depends on the tokens.** It is a nest of
      tensors whose first axis is the rows. A search repeats and reorders the
      rows of every tensor, so a position, too, is int32 `(rows,)` and not a
      scalar. From step to step all other axes keep their size. A Transformer
      keeps its keys and values in this form: tensors of a fixed shape, with a
      place for each of the `steps`, filled up to the position of the row.
    - **The memory holds all that does not.** It is made once, by `start`, with
      one entry for each sample. A search may have several rows for each
      sample, side by side: sample 0 has the first rows, sample 1 the next.
      The memory is never copied for them; `step` finds the number of rows
      for each sample by division.
    - **A memory is optional.** A language model takes none: it starts from a
      number of rows.

    Attributes:
        embedding: Layer that maps tokens to vectors. Its `input_dim`, the
            number of tokens, may be set until the decoder is built.
        attends: Whether steps attend to places of the memory.
        hard: Whether each step chooses a single place.
        heads: Tuple of the numbers of layers that attend and of the heads of
            each; `(1, 1)` if there is a single distribution over the places.
        copy: Whether tokens of the source may be copied.

    Examples:
        >>> from rnnzoo import layers
        >>> from rnnzoo.layers.decoding import Decoder
        >>> decoder = layers.AttentionDecoder(
        ...     8, layers.LuongAttention(), layers.Embedding(100, 8)
        ... )
        >>> isinstance(decoder, Decoder)
        True
    """

    embedding: Any
    attends: bool
    hard: bool
    heads: tuple
    copy: bool

    def start(
        self,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        forbidden=(),
        rows=None,
        steps=None,
    ):
        """Prepares a memory, and the state before the first step.

        Args:
            memory: `(batch, places, features)`; `None` for a decoder that
                takes no memory.
            memory_mask: Boolean `(batch, places)`, or `None`.
            initial_state: The state of an encoder, or `None`.
            memory_tokens: int32 `(batch, places)`, the token that each place
                would be copied as; for a decoder that copies.
            forbidden: Tuple of tokens that are never written.
            rows: Number of samples, where no other argument tells it.
            steps: Most steps that `step` will take, for a decoder that keeps
                what it has read.

        Returns:
            Tuple of the memory, as `step` and `align` take it, and the state,
            which has one row for each sample. If there is attention, the
            memory has an attribute `mask`, boolean `(batch, places)`.
        """

    def step(self, tokens, state, memory):
        """Reads one more token of each row.

        Args:
            tokens: int32 `(rows,)`, the last tokens.
            state: The state before.
            memory: The memory from `start`. There is one row for each of its
                samples, or the same number of rows for each.

        Returns:
            Tuple of the logits of the next tokens, float32 `(rows, tokens)`,
            and the new state. With copying, the logits are `(rows, tokens +
            places)`.
        """

    def align(self, tokens, state, memory, head=None):
        """Finds what given targets attend to; for decoders with attention.

        Args:
            tokens: int32 `(rows, steps)`, the start token first.
            state: The state from `start`, with one row for each sample.
            memory: As in `step`.
            head: Tuple of the numbers of a layer and of one of its heads; by
                default the mean of all `heads`.

        Returns:
            float32 `(rows, steps, places)`, the weights of attention.
        """

    def __call__(
        self,
        tokens,
        memory=None,
        memory_mask=None,
        initial_state=None,
        memory_tokens=None,
        training=None,
    ):
        """Reads whole targets.

        Args:
            tokens: int32 `(batch, steps)`, the start token and the target
                without its last token.
            memory, memory_mask, initial_state, memory_tokens: As in `start`.
            training: Whether to draw dropout masks.

        Returns:
            `Decoded`.
        """
