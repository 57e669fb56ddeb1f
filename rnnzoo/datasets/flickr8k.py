"""Flickr8k: photographs with five captions each."""

import io
import os
import posixpath
import zipfile
from collections import defaultdict

import numpy as np

from rnnzoo.datasets.whole import tfds

IMAGES, TEXTS = "Flickr8k_Dataset.zip", "Flickr8k_text.zip"
CAPTIONS = "Flickr8k.token.txt"
SPLITS = {
    "train": "Flickr_8k.trainImages.txt",
    "validation": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}

CITATION = """\
@article{hodosh-etal-2013-framing,
    title = "Framing Image Description as a Ranking Task: Data, Models and
      Evaluation Metrics",
    author = "Hodosh, Micah and Young, Peter and Hockenmaier, Julia",
    journal = "Journal of Artificial Intelligence Research",
    volume = "47",
    year = "2013",
}
"""


class Flickr8k(tfds.core.GeneratorBasedBuilder):
    """Flickr8k: 6,000 photographs with five English captions each.

    Hodosh et al. 2013. Another 1,000 are there to validate and 1,000 to test.
    The features are laid out as in `coco_captions`. The terms allow research
    and education only.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"""\
    Put {IMAGES} and {TEXTS} there, without unpacking them. The authors used to
    send them to anyone who filled in a form; copies are at
    https://github.com/jbrownlee/Datasets/releases/tag/Flickr8k
    """

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(encoding_format="jpeg"),
                    "image/filename": tfds.features.Text(),
                    "image/id": np.int64,
                    "captions": tfds.features.Sequence(
                        {"id": np.int64, "text": tfds.features.Text()}
                    ),
                }
            ),
            homepage="https://www.jair.org/index.php/jair/article/view/10833",
            citation=CITATION,
        )

    def _split_generators(self, dl_manager):
        paths = [dl_manager.manual_dir / name for name in (IMAGES, TEXTS)]
        missing = [os.fspath(path) for path in paths if not path.exists()]
        if missing:
            raise AssertionError(  # as TFDS does
                f"A file to download by hand is not there: {missing[0]}. "
                f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        images, texts = map(_Archive, paths)
        captions = defaultdict(list)
        for line in texts.lines(CAPTIONS):
            place, caption = line.split("\t")
            captions[place.partition("#")[0]].append(caption)
        return {
            split: self._generate_examples(images, texts.lines(name), captions)
            for split, name in SPLITS.items()
        }

    def _generate_examples(self, images, names, captions):
        for name in names:
            yield (
                name,
                {
                    "image": io.BytesIO(images.read(name)),
                    "image/filename": name,
                    "image/id": int(name.partition("_")[0]),
                    "captions": [
                        {"id": place, "text": text}
                        for place, text in enumerate(captions[name])
                    ],
                },
            )


class _Archive:
    """A zip archive whose files are found by name, in any folder."""

    def __init__(self, path):
        self._zip = zipfile.ZipFile(path)
        self._members = {
            posixpath.basename(name): name for name in self._zip.namelist()
        }

    def read(self, name):
        return self._zip.read(self._members[name])

    def lines(self, name):
        # Only line feeds end a line, and spaces may end a caption.
        return self.read(name).decode("utf-8").rstrip("\n").split("\n")
