import tensorflow_datasets as tfds

from rnnzoo.datasets.stories import SIZES, distinct_examples, solve


def test_answers_follow_from_the_story_and_from_its_supporting_sentences():
    examples = distinct_examples(600, seed=1)
    things = [each for each in examples if " the " in each["question"]]
    assert len(things) == 300
    for each in examples:
        assert solve(each["story"], each["question"]) == each["answer"]
        facts = [each["story"][place] for place in sorted(each["supporting"])]
        assert len(facts) == 1 + (" the " in each["question"])
        assert facts[-1].split()[0] == facts[0].split()[0]  # the same person
        assert any(fact.endswith(f" {each['answer']}.") for fact in facts)
    # The last place that a story names is often not the answer.
    lasts = [
        next(
            sentence.split()[-1][:-1]
            for sentence in reversed(each["story"])
            if " to the " in sentence
        )
        for each in examples
    ]
    right = [
        a == each["answer"] for a, each in zip(lasts, examples, strict=True)
    ]
    assert sum(right) < 0.6 * len(right)


def test_a_thing_is_where_it_was_put_down():
    story = ["Ann went to the garden.", "Ann took the ball."]
    later = ["Ann dropped the ball.", "Ann went to the office."]
    assert solve([*story, later[1]], "Where is the ball?") == "office"
    assert solve([*story, *later], "Where is the ball?") == "garden"
    assert solve([*story, *later], "Where is Ann?") == "office"


def test_the_dataset_is_always_the_same_and_no_story_comes_twice(tmp_path):
    splits = tfds.load("rnnzoo_stories", data_dir=tmp_path)
    rows = {name: list(tfds.as_numpy(split)) for name, split in splits.items()}
    assert {name: len(each) for name, each in rows.items()} == SIZES
    stories = [tuple(row["story"]) for each in rows.values() for row in each]
    assert len(set(stories)) == len(stories)
    again = distinct_examples(sum(SIZES.values()), seed=2015)
    told = {tuple(s.decode() for s in story) for story in stories}
    assert told == {tuple(each["story"]) for each in again}
