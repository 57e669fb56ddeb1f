"""The scores of texts; recorded numbers are of the COCO challenge's scorer."""

import sys
import warnings

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
    with pytest.warns(UserWarning, match="CIDEr-D tells nothing"):
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


def test_bleu_of_short_references_is_0_with_a_warning():
    pytest.importorskip("sacrebleu")
    three, four = ["it is good"], ["it is so good"]
    with pytest.warns(UserWarning, match="fewer than 4 tokens"):
        assert scoring.bleu(three, [three]).score == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert scoring.bleu(three * 2, [three, [*three, *four]]).score == 0
        assert scoring.bleu(three, [three], max_order=3).score > 99
        assert scoring.chrf(three, [three]).score == 100
    assert scoring.share_with_ngrams([three, four], order=3) == 1
    assert scoring.share_with_ngrams([three, [*three, *four]]) == 0.5
    assert scoring.share_with_ngrams([["我喜欢这只狗。"]], "13a") == 0


@pytest.mark.filterwarnings("ignore:Every reference has fewer")
@pytest.mark.parametrize(
    ("texts", "tokenizer"),
    [
        (["The cat sat on the mat.", "Ein Mädchen"], "13a"),
        (["नमस्ते दुनिया।", "안녕하세요 세계", "مرحبا بالعالم"], "13a"),
        (["The word 謝謝 means thank you."], "13a"),
        (["2023 年, OpenAI 发布了 GPT-4。", "我喜欢这只狗。"], "zh"),
        (["東京都で犬が走る。", "コーヒー"], "char"),
        (["ฉันชอบสุนัขตัวนี้"], "char"),
        (["មនុស្សទាំងអស់", "Phnom Penh"], "char"),
        (["လူတိုင်းသည်", "ທຸກຄົນ", "བཀྲ་ཤིས་བདེ་ལེགས།"], "char"),
        (["", "?"], "13a"),
    ],
)
def test_the_tokenizer_fits_the_script_of_the_references(texts, tokenizer):
    sacrebleu = pytest.importorskip("sacrebleu")
    references = [[text] for text in texts]
    assert scoring.tokenizer_for(references) == tokenizer
    written = [text[:-1] for text in texts]
    found = scoring.bleu(written, references)
    metric = sacrebleu.BLEU(tokenize=tokenizer)
    expected = metric.corpus_score(written, [texts])
    assert found.score == pytest.approx(expected.score)
    assert found.signature == str(metric.get_signature())
    named = scoring.bleu(written, references, tokenize="13a")
    assert "|tok:13a|" in named.signature


def test_chrf_is_sacrebleu_s():
    sacrebleu = pytest.importorskip("sacrebleu")
    streams = [[each[0] for each in REFERENCES]]
    for lowercase in (False, True):
        hypotheses = [text.upper() for text in HYPOTHESES[:3]] + HYPOTHESES[3:]
        single = [each[:1] for each in REFERENCES]
        found = scoring.chrf(hypotheses, single, lowercase)
        metric = sacrebleu.CHRF(lowercase=lowercase)
        expected = metric.corpus_score(hypotheses, streams)
        assert found.score == pytest.approx(expected.score)
        assert found.signature == str(metric.get_signature())
    several = scoring.chrf(HYPOTHESES, REFERENCES)
    assert several.signature.startswith("nrefs:var|")


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
        # Of other languages, a mark is part of its word, and characters are
        # words where there are no spaces.
        ("नमस्ते, हिन्दी!", "नमस्ते हिन्दी"),
        ("می‌خواهم", "می‌خواهم"),
        ("两只狗在GPT-4旁。", "两 只 狗 在 gpt-4 旁"),
        ("犬がコーヒーを", "犬 が コ ー ヒ ー を"),
        ("สุนัข", "สุ นั ข"),
    ],
)
def test_tokens_are_those_of_the_coco_challenge(text, tokens):
    assert scoring.coco_tokenize(text) == tokens


def test_chinese_captions_are_scored_by_characters():
    pytest.importorskip("sacrebleu")
    captions = ["一只狗在草地上跑。", "两个人在玩。"]
    references = [["一只狗在草地上。", "狗跑"], ["两个男人在玩足球。"]]
    spaced = [" ".join(text.strip("。")) for text in captions]
    split = [[" ".join(t.strip("。")) for t in each] for each in references]
    scores = scoring.score_captions(captions, references)
    assert scores.cider_d == pytest.approx(
        scoring.cider_d(spaced, split).mean()
    )
    assert scores.cider_d > 1
    assert scores.words == 6.5
    expected = scoring.bleu(spaced, split, tokenize="none")
    assert scores.bleu == expected


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
    for score in (
        scoring.bleu,
        scoring.chrf,
        scoring.cider_d,
        scoring.score_captions,
    ):
        with pytest.raises(ValueError, match="hypotheses.*Received: none"):
            score([], [])
        with pytest.raises(ValueError, match="references.*each.*2.*: 1 lists"):
            score(["a", "b"], [["a"]])
        with pytest.raises(ValueError, match=r"references\[1\]='b'"):
            score(["a", "b"], [["a"], "b"])
        with pytest.raises(ValueError, match=r"references\[0\]=\[\]"):
            score(["a"], [[]])
    with pytest.raises(ValueError, match="`tokenize`.*'zh'.*'jieba'"):
        scoring.bleu(["a"], [["a"]], tokenize="jieba")


def test_without_sacrebleu_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(ImportError, match=r"rnnzoo\[scoring\]"):
        scoring.bleu(["a"], [["a"]])


def test_rouge_of_ascii_is_that_of_rouge_scores_own_tokenizer():
    scorers = pytest.importorskip("rouge_score.rouge_scorer")
    texts = [
        "The cats were sitting on the mat. It's 3.5 miles, e-mail me!",
        "He didn't go_there; nobody did. Prices rose by 10% in US shops.",
        "Running dogs run.",
        "",
    ]
    references = [
        ["A cat sat on the mats. It is 3 miles: email him. Dogs run."],
        ["Nobody went there. The price of shops rose, he did not go."],
        ["A dog ran fast. Dogs like runs.", "Run, dog!"],
        ["Nothing."],
    ]
    kinds = ("rouge1", "rouge2", "rougeLsum")
    for stem in (False, True):
        # None of these sentences ends within a line.
        theirs = scorers.RougeScorer(kinds, use_stemmer=stem)
        found = scoring.rouge(texts, references, stem)
        expected = [
            theirs.score_multi(
                [
                    each.replace(". ", ".\n").replace("! ", "!\n")
                    for each in own
                ],
                text.replace(". ", ".\n"),
            )
            for text, own in zip(texts, references, strict=True)
        ]
        for kind in kinds:
            mean = np.mean([each[kind].fmeasure for each in expected])
            assert found.scores[kind] == pytest.approx(100 * mean)
        assert f"|stem:{'porter' if stem else 'no'}|" in found.signature
    assert found.signature.startswith("nrefs:var|case:lc|tok:unicode|")


def test_rouge_knows_every_script_and_counts_sentences():
    pytest.importorskip("rouge_score")

    def rouge_l(text, reference):
        return scoring.rouge([text], [[reference]]).scores["rougeLsum"]

    assert rouge_l("两只狗在跑。", "两只狗在跑。") == pytest.approx(100)
    assert rouge_l("两只狗", "两只猫") == pytest.approx(200 / 3)
    assert rouge_l("Grüße", "Größe") == 0
    assert rouge_l("GRU\u0308SSE", "grüsse") == pytest.approx(100)
    assert rouge_l("हिन्दी", "हिन्दु") == 0
    assert rouge_l("", "a") == rouge_l("?!", "?!") == 0
    # One sentence after the other, in another order.
    assert rouge_l("It rains. Ann left.", "Ann left. It rains.") == 100
    assert rouge_l("It rains\nAnn left", "Ann left\nIt rains") == 100
    assert rouge_l("It rains Ann left", "Ann left it rains") == 50
    with pytest.raises(ValueError, match="argument `references`"):
        scoring.rouge(["a"], [])


def test_rouge_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "rouge_score", None)
    with pytest.raises(ImportError, match=r"rnnzoo\[scoring\]"):
        scoring.rouge(["a"], [["a"]])
