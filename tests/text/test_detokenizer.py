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
    # Other scripts, other punctuation.
    "我喜欢这只狗。他说：“你好。”《书》",
    "2023年，OpenAI！100%的“人”花了5€",
    "犬が『本』（コーヒー）と・言った…",
    "The words 謝謝 and 東京, Tōkyō",
    "مرحبا، كيف حالك؟ «نعم»؛ لا",
    "नमस्ते। कैसे हो? ठीक॥",
    "ինչպե՞ս ես։ Լավ",
    "צה״ל בית־ספר",
    "སྐད་ཡིག། དང་",
    "သူသည် ငါ။ ช้าง กินหญ้า",
    "¿Cómo estás? ¡Hola, Ana!",
    "5€ (7£) und $5, ₹10; 1990–2000; 20° a/b",
    "He said 'no'. She said 'it isn't'",
    "the dogs' toys, give 'em; good :-)",
    "«Oui», dit-il. «Non»",
    "»Hej«, sagde han. »Nej.«",
    '"a" "b" ”c” “d” e “f”',
    "ελεύθεροι· «ναι;» Türkiye'nin %50'si",
    "Wait⁇ No‼ col·lecció",
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
