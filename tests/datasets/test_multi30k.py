from pathlib import Path

import tensorflow_datasets as tfds

from rnnzoo.datasets import Multi30k, Multi30kFr
from rnnzoo.datasets.multi30k import FILES, URL


def test_the_prepared_copy_is_ours(data_dir, tmp_path):
    theirs = tfds.builder("multi30k", data_dir=data_dir)
    ours = Multi30k(data_dir=tmp_path)
    assert theirs.info.full_name == ours.info.full_name
    assert theirs.info.supervised_keys == ours.info.supervised_keys
    assert theirs.info.features.keys() == ours.info.features.keys()
    assert set(theirs.info.splits) == set(FILES)


def test_a_file_of_sentences_becomes_pairs(tmp_path):
    """From files as those of the source, which are known by their sums."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in FILES.values():
        for language, lines in {
            "en": ["A dog.", "Two\u2028lines. "],
            "fr": ["Un chien.", "Deux lignes."],
        }.items():
            path = folder / f"{name}.{language}"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    class Downloads:
        def download_and_extract(self, urls):
            known = Multi30kFr.url_infos
            return {
                split: {
                    language: folder / Path(url).name.removesuffix(".gz")
                    for language, url in each.items()
                    if url in known and url.startswith(URL)
                }
                for split, each in urls.items()
            }

    builder = Multi30kFr(data_dir=tmp_path)
    splits = builder._split_generators(Downloads())
    assert list(splits) == ["train", "validation", "test"]
    rows = [row for _, row in splits["test"]]
    assert rows == [
        {"en": "A dog.", "fr": "Un chien."},
        {"en": "Two\u2028lines.", "fr": "Deux lignes."},
    ]
