"""Multi30k: descriptions of pictures in English, and their translations."""

from rnnzoo.datasets.whole import tfds

URL = (
    "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"
)
FILES = {"train": "train", "validation": "val", "test": "test_2016_flickr"}

CITATION = """\
@inproceedings{elliott-etal-2016-multi30k,
    title = "{M}ulti30{K}: Multilingual {E}nglish-{G}erman Image Descriptions",
    author = "Elliott, Desmond and Frank, Stella and Sima'an, Khalil and
      Specia, Lucia",
    booktitle = "Proceedings of the 5th Workshop on Vision and Language",
    year = "2016",
}
"""


class Multi30k(tfds.core.GeneratorBasedBuilder):
    """Multi30k, task 1: 29,000 sentences in English and German.

    Elliott et al. 2016. Raw text, not tokenized, with another 1,014 sentences
    to validate and the 1,000 of 2016 to test.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    LANGUAGES = ("en", "de")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.Translation(self.LANGUAGES),
            supervised_keys=self.LANGUAGES,
            homepage="https://github.com/multi30k/dataset",
            citation=CITATION,
        )

    def _split_generators(self, dl_manager):
        paths = dl_manager.download_and_extract(
            {
                split: {
                    language: f"{URL}{name}.{language}.gz"
                    for language in self.LANGUAGES
                }
                for split, name in FILES.items()
            }
        )
        return {
            split: self._generate_examples(each)
            for split, each in paths.items()
        }

    def _generate_examples(self, paths):
        columns = [
            # Only line feeds end a line: some sentences hold U+2028.
            paths[language].read_text("utf-8").rstrip("\n").split("\n")
            for language in self.LANGUAGES
        ]
        for key, row in enumerate(zip(*columns, strict=True)):
            sentences = (sentence.strip() for sentence in row)
            yield key, dict(zip(self.LANGUAGES, sentences, strict=True))


class Multi30kFr(Multi30k):
    """Multi30k, task 1: 29,000 sentences in English and French.

    Elliott et al. 2017. Like `multi30k`, with the same English sentences. It is
    a builder of its own because, with configurations, TFDS would look for
    prepared data of `multi30k` in another place.
    """

    LANGUAGES = ("en", "fr")
