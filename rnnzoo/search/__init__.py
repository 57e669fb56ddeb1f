"""Searches for sequences, with any model that scores one token at a time.

The searches know no model, only a function `step(tokens, state) -> (scores,
state)`. It takes the last token of each row, int32 `(rows,)`, and returns the
logits or log probabilities of the next token, `(rows, vocabulary)`. The state
is any nest of tensors whose first axis is the rows. A search for several
hypotheses repeats and reorders the rows of the state. Let `step` close over
everything that all hypotheses of a sample share, such as the memory of an
encoder.

All searches keep the same rules:

- A hypothesis is a whole sequence. Its log probability is the model's own and
  includes that of the end token. At `max_length` only the end token is left.
- The loop stops when all samples are done. A sample that is done no longer
  changes, so the rest of the batch does not matter to it.
- The searches run eagerly, in a `tf.function` and in a SavedModel, on stock
  operations.

```python
found = rnnzoo.search.beam(
    step, state, start=tf.fill([batch], 1), end=2, max_length=50, width=5
)
found.tokens[:, 0]  # the best of each sample
```
"""

from rnnzoo.search.beam_search import beam
from rnnzoo.search.hypotheses import Hypotheses
from rnnzoo.search.stepwise import greedy, sample

__all__ = ["Hypotheses", "beam", "greedy", "sample"]
