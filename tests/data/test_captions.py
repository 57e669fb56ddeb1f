"""Images that a file or a folder names, with their captions."""

import json

import pytest

from rnnzoo.data import read

COCO = {
    "images": [
        {"id": 9, "file_name": "b.png"},
        {"id": 4, "file_name": "a.jpg"},
    ],
    "annotations": [
        {"image_id": 4, "caption": "A dog."},
        {"image_id": 9, "caption": "A cat, again."},
        {"image_id": 4, "caption": "The dog."},
    ],
}
# The same, as they are written elsewhere.
FILES = {
    "captions.txt": 'image,caption\na.jpg,A dog.\nb.png,"A cat, again."\n'
    "a.jpg,The dog.\n",
    "captions.jsonl": '{"file_name": "a.jpg", "captions": ["A dog.", "The '
    'dog."]}\n{"file_name": "b.png", "captions": "A cat, again."}\n',
    "metadata.csv": 'file_name,text\na.jpg,A dog.\nb.png,"A cat, again."\n'
    "a.jpg,The dog.\n",
    "captions.json": json.dumps(COCO),
    "Flickr8k.token.txt": "a.jpg#0\tA dog.\nb.png#0\tA cat, again.\n"
    "a.jpg#1\tThe dog.\n",
}


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.png"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def expected(folder):
    return {
        "image": [str(folder / "a.jpg"), str(folder / "b.png")],
        "captions": [["A dog.", "The dog."], ["A cat, again."]],
    }


@pytest.mark.parametrize("name", FILES)
def test_captions_of_an_image_come_together(folder, tmp_path_factory, name):
    (folder / name).write_text(FILES[name])
    table = read(folder / name)
    assert table == expected(folder)
    assert table.place(1).endswith((", line 3", "annotation 2", ", line 2"))
    if "token" not in name:
        assert read(folder) == table
    elsewhere = tmp_path_factory.mktemp("elsewhere") / name
    elsewhere.write_text(FILES[name])
    assert read(elsewhere, images=folder) == table


def test_columns_may_have_any_name(folder):
    path = folder / "a.csv"
    path.write_text("x,y,z\na.jpg,A dog.,1\na.jpg,The dog.,2\nb.png,C.,3\n")
    names = [str(folder / "a.jpg"), str(folder / "b.png")]
    found = read(path, image="x", captions="y")
    captions = [["A dog.", "The dog."], ["C."]]
    assert found == {"image": names, "captions": captions}
    assert read(path, image="x") == {"image": names}


def test_images_of_a_table_of_texts_are_left_alone(folder):
    path = folder / "a.csv"
    path.write_text("text,image,caption\na,http://x,c\n")
    columns = {"text": ["a"], "image": ["http://x"], "caption": ["c"]}
    assert read(path, text="text") == columns
    path.write_text("text,image\na,http://x\n")
    assert read(path) == {"text": ["a"], "image": ["http://x"]}


def test_a_folder_alone_has_images(folder):
    names = [str(folder / "a.jpg"), str(folder / "b.png")]
    assert read(folder) == {"image": names}
    (folder / "images.csv").write_text("image\nb.png\n")
    assert read(folder / "images.csv") == {"image": names[1:]}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "captions.csv",
            "image,caption\nc.jpg,A.\n",
            "line 2: .*c.jpg'.*images=",
        ),
        ("captions.csv", "image,caption\n,A.\n", "line 2: .*name of an image"),
        ("captions.csv", "image,caption\na.jpg,\n", "line 2: .*a caption"),
        ("a.token.txt", "a.jpg#0\tA.\nb.png\n", "line 2: .*a tab"),
        ("captions.json", '{"annotations": [], "images": [{}]}', "COCO.*'id'"),
        (
            "captions.json",
            json.dumps(COCO | {"images": COCO["images"][:1]}),
            "annotation 1: .*id of an image. Received: 4",
        ),
    ],
)
def test_bad_captions_are_told_by_their_line(folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read(folder / name)


def test_a_folder_must_not_be_ambiguous(folder, tmp_path_factory):
    for name in ("captions.txt", "metadata.csv"):
        (folder / name).write_text(FILES[name])
    with pytest.raises(ValueError, match=r"captions\.txt, metadata\.csv"):
        read(folder)
    with pytest.raises(FileNotFoundError, match="expected images"):
        read(tmp_path_factory.mktemp("empty"))
