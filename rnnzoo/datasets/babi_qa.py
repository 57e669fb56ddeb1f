"""bAbI: questions about short stories, of 20 kinds."""

import os
import re

import numpy as np

from rnnzoo.datasets.whole import tfds

FOLDER = "tasks_1-20_v1-2"
LANGUAGE = "en"  # 1,000 questions of each kind; "en-10k" has ten times as many
TASKS = range(1, 21)
_LINE = re.compile(r"(\d+) (.*)")

CITATION = """\
@article{weston-etal-2015-babi,
    title = "Towards {AI}-Complete Question Answering: A Set of Prerequisite
      Toy Tasks",
    author = "Weston, Jason and Bordes, Antoine and Chopra, Sumit and Rush,
      Alexander M. and van Merri{\\"e}nboer, Bart and Joulin, Armand and
      Mikolov, Tomas",
    journal = "arXiv preprint arXiv:1502.05698",
    year = "2015",
}
"""


class BabiQa(tfds.core.GeneratorBasedBuilder):
    """bAbI: 20 tasks of answering questions about stories, in English.

    Weston et al. 2015. 1,000 questions of each task to train on, and 1,000 to
    test. `story` has the sentences before a question, without other questions;
    `supporting` has the places in it, from 0, of the sentences that the answer
    follows from. Answers of several words are joined by commas.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"""\
    Put the folder {FOLDER} there, unpacked from the authors' archive
    {FOLDER}.tar.gz: https://research.facebook.com/downloads/babi/
    """

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "task": np.int64,
                    "story": tfds.features.Sequence(tfds.features.Text()),
                    "question": tfds.features.Text(),
                    "answer": tfds.features.Text(),
                    "supporting": tfds.features.Sequence(np.int64),
                }
            ),
            homepage="https://research.facebook.com/downloads/babi/",
            citation=CITATION,
        )

    def _split_generators(self, dl_manager):
        folder = dl_manager.manual_dir / FOLDER / LANGUAGE
        paths = {
            split: [_path(folder, task, split) for task in TASKS]
            for split in ("train", "test")
        }
        return {
            split: self._generate_examples(each)
            for split, each in paths.items()
        }

    def _generate_examples(self, paths):
        for task, path in zip(TASKS, paths, strict=True):
            for number, example in enumerate(questions_in(path.read_text())):
                yield f"{task}-{number}", {"task": task, **example}


def _path(folder, task, split):
    found = sorted(folder.glob(f"qa{task}_*_{split}.txt"))
    if not found:
        raise AssertionError(  # as TFDS does
            "A file to download by hand is not there: "
            f"{os.fspath(folder)}/qa{task}_*_{split}.txt. "
            f"{BabiQa.MANUAL_DOWNLOAD_INSTRUCTIONS}"
        )
    return found[0]


def questions_in(text):
    """Yields the questions of a file.

    Its lines are numbered, from 1 in each story: sentences, and questions with
    their answer and the numbers of their supporting sentences, in columns.

    Args:
        text: What is in the file.

    Yields:
        Dicts of the features, but for `task`.

    Examples:

    >>> from rnnzoo.datasets.babi_qa import questions_in
    >>> text = "1 Ann sat.\\n2 Bob ran.\\n3 Who ran? \\tBob\\t2"
    >>> (found,) = questions_in(text)
    >>> found["answer"], found["supporting"]
    ('Bob', [1])
    """
    for line in text.splitlines():
        number, rest = _LINE.fullmatch(line.strip()).groups()
        if number == "1":
            story, places = [], {}
        question, *answer = (each.strip() for each in rest.split("\t"))
        if not answer:
            places[number] = len(story)
            story.append(question)
            continue
        yield {
            "story": list(story),
            "question": question,
            "answer": answer[0],
            "supporting": [places[each] for each in answer[1].split()],
        }
