"""The scores of texts; recorded numbers are of the COCO challenge's scorer."""

import sys

import numpy as np
import pytest

from rnnzoo import scoring

HYPOTHESES = [
    "a dog dog dog runs on the grass",
    "two men play",
    "a red circle left of a blue square",
    "",
    "the cat sat on the mat and then it ran away over the hill",
]
REFERENCES = [
    [
        "a brown dog runs on the grass",
        "a dog is running",
        "the dog runs over a lawn",
    ],
    ["two men play football", "men playing a game"],
    [
        "a red circle to the left of a blue square",
        "a blue square right of a red circle",
    ],
    ["something else entirely"],
    [
        "the cat sat on the mat",
        "a cat ran over the hill",
        "a cat that sat on a mat ran away",
    ],
]


def test_cider_d_is_that_of_the_coco_challenge():
    scores = scoring.cider_d(HYPOTHESES, REFERENCES)
    expected = [2.26255358, 3.35544553, 5.41811214, 0.0, 1.61461081]
    np.testing.assert_allclose(scores, expected, atol=1e-8)


def test_a_perfect_caption_has_cider_d_10_and_a_single_image_0():
    texts = ["a cat on a mat here", "two red birds fly away"]
    same = scoring.cider_d(texts, [[text] for text in texts])
    np.testing.assert_allclose(same, 10)
    assert scoring.cider_d(texts[:1], [texts[:1]]) == 0


def test_bleu_is_that_of_the_coco_challenge():
    pytest.importorskip("sacrebleu")
    result = scoring.bleu(HYPOTHESES, REFERENCES, tokenize="none")
    expected = [81.81818182, 76.97249437, 67.53954879, 56.60936750]
    np.testing.assert_allclose(result.scores, expected)
    assert result.score == result.scores[-1]
    assert result.brevity_penalty == 1
    assert "nrefs:var|case:mixed|eff:no|tok:none" in result.signature


def test_every_order_of_bleu_is_sacrebleu_s():
    sacrebleu = pytest.importorskip("sacrebleu")
    texts = ["The cat, a fat cat, sat!", "Dogs bark at the mailman"]
    references = [
        ["The cat, the fat cat, sat on it.", "A cat, a fat one, sat!"],
        ["Dogs bark loudly at the mailman.", "A dog barks at the mailman"],
    ]
    ours = scoring.bleu(texts, references, lowercase=True)
    streams = list(zip(*references, strict=True))
    for order, score in enumerate(ours.scores, start=1):
        metric = sacrebleu.BLEU(lowercase=True, max_ngram_order=order)
        theirs = metric.corpus_score(texts, streams)
        assert score == pytest.approx(theirs.score)
        assert ours.brevity_penalty == pytest.approx(theirs.bp)
    assert ours.signature == str(metric.get_signature())
    assert scoring.bleu(["no"], [["yes"]]).score == 0


def test_tokenized_texts_are_no_reason_for_a_warning(caplog):
    pytest.importorskip("sacrebleu")
    texts = ["a dog runs ."] * 200
    result = scoring.bleu(texts, [[text] for text in texts], tokenize="none")
    assert result.score == pytest.approx(100)
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # As Stanford's tokenizer wrote them, punctuation left out.
        (
            "She can't say it's the boy's; they've gone, I'd say we'll see.",
            "she ca n't say it 's the boy 's they 've gone i 'd say we 'll see",
        ),
        (
            'A "quoted" man costs $3,000.50 at 1:30 p.m. in the U.S. -- really',
            "a quoted man costs $ 3,000.50 at 1:30 p.m. in the u.s. really",
        ),
        (
            "t-shirt, black/white dog & cat; Mr. Ed cannot 50% #1 a_b x@y.com",
            "t-shirt black/white dog & cat mr. ed can not 50 % # 1 a_b x@y.com",
        ),
        (
            "Is it? Yes! No: 3-year-old's toy. 1/2 of it at five o’clock ...",
            "is it yes no 3-year-old 's toy 1/2 of it at five o'clock",
        ),
        ("Me @ home, a = b + c * d", "me @ home a = b + c * d"),
        ("  ", ""),
    ],
)
def test_tokens_are_those_of_the_coco_challenge(text, tokens):
    assert scoring.coco_tokenize(text) == tokens


def test_captions_are_scored_without_case_and_punctuation():
    pytest.importorskip("sacrebleu")
    shouted = [
        [text.capitalize().replace(" a ", ' "A" ') + " ." for text in texts]
        for texts in REFERENCES
    ]
    captions = [*HYPOTHESES[:3], HYPOTHESES[2], HYPOTHESES[4]]
    plain = scoring.score_captions(captions, REFERENCES)
    assert scoring.score_captions(captions, shouted) == plain
    assert plain.bleu.score > 0
    assert plain.cider_d == pytest.approx(
        scoring.cider_d(captions, REFERENCES).mean()
    )
    assert plain.words == pytest.approx((8 + 3 + 8 + 8 + 14) / 5)
    assert plain.reference_words == pytest.approx(67 / 11)
    assert plain.distinct == 0.8
    assert plain.vocabulary == len(set(" ".join(captions).split()))
    for part in ("BLEU-4", "CIDEr-D", plain.bleu.signature):
        assert part in str(plain)


def test_what_cannot_be_scored_is_a_clear_error():
    for score in (scoring.bleu, scoring.cider_d, scoring.score_captions):
        with pytest.raises(ValueError, match="hypotheses.*Received: none"):
            score([], [])
        with pytest.raises(ValueError, match="references.*each.*2.*: 1 lists"):
            score(["a", "b"], [["a"]])
        with pytest.raises(ValueError, match=r"references\[1\]='b'"):
            score(["a", "b"], [["a"], "b"])
        with pytest.raises(ValueError, match=r"references\[0\]=\[\]"):
            score(["a"], [[]])


def test_without_sacrebleu_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(ImportError, match=r"rnnzoo\[scoring\]"):
        scoring.bleu(["a"], [["a"]])
