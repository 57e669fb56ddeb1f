import pytest
import tensorflow as tf

from rnnzoo.ids import pad
from rnnzoo.text import Tokenizer

TEXTS = [
    "A dog runs (fast), doesn't it? Yes!",
    'She said: "It\'s 10.5% of $3", and left.',
    "Ein Mann mit „Hut“ und Öl-Fass; [zwei] Kinder…",
    "",
    "Ann",
]


@pytest.mark.parametrize("unit", ["word", "character"])
def test_what_was_split_is_joined(unit):
    tokenizer = Tokenizer(unit, lowercase=False)
    tokens = tokenizer(TEXTS).words
    for each in (tokens, pad(tokens)):
        joined = tokenizer.join(each).numpy()
        assert [text.decode() for text in joined] == TEXTS


def test_tokens_may_have_any_leading_axes():
    tokens = tf.constant([[["a", ".", ""], ["", "", ""]]])
    assert Tokenizer().join(tokens).numpy().tolist() == [[b"a.", b""]]
