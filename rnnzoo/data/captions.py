"""Images in a folder, and the captions that a file gives them."""

import os
import re

from rnnzoo.data.contents import lines_of
from rnnzoo.data.table import Table

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")
# In lower case, as files name the columns.
IMAGE = ("image", "image_path", "image_name", "file_name", "filename", "img")
CAPTIONS = ("captions", "caption")
# Files that a folder of images may have; Hugging Face names the last two.
NAMES = (
    *("captions.txt", "captions.csv", "captions.tsv", "captions.jsonl"),
    *("captions.json", "metadata.csv", "metadata.jsonl"),
)
_FLICKR = re.compile(r"(.+\.(?:jpe?g|png|gif|bmp))(?:#\d+)?", re.IGNORECASE)


def is_flickr(text):
    """Whether lines are those of Flickr8k, `image.jpg#0`, a tab, a caption."""
    name, tab, _ = text.partition("\n")[0].partition("\t")
    return bool(tab) and _FLICKR.fullmatch(name) is not None


def names_images(text):
    """Whether the first line names the columns of images and of captions."""
    names = text.partition("\n")[0].strip().lower().split(",")
    return bool(set(names) & set(IMAGE)) and bool(set(names) & set(CAPTIONS))


def columns_of(table):
    """Names of the columns of a table that are images and their captions.

    Returns:
        Dict as `Table.named` takes it; empty unless there are both, or only
        images.
    """
    known = {name.lower(): name for name in table}
    captions = CAPTIONS
    if os.path.basename(table.path).startswith("metadata."):
        captions = (*CAPTIONS, "text")  # as Hugging Face calls them
    image = next((known[name] for name in IMAGE if name in known), None)
    caption = next((known[name] for name in captions if name in known), None)
    if image is None or (caption is None and len(table) > 1):
        return {}
    return {"image": image} | ({"captions": caption} if caption else {})


def read_flickr(path, text):
    """A table of `image` and `captions`, a caption a row; see `is_flickr`."""
    columns = {"image": [], "captions": []}
    lines = lines_of(text)
    for number, line in enumerate(lines, start=1):
        name, tab, caption = line.partition("\t")
        found = _FLICKR.fullmatch(name)
        if not tab or not found:
            raise ValueError(
                f"{path}, line {number}: expected the name of an image, a tab "
                f"and a caption. Received: {line!r:.80}"
            )
        columns["image"].append(found[1])
        columns["captions"].append(caption)
    return Table(columns, path, range(1, len(lines) + 1))


def read_coco(path, data):
    """The same of the annotations of COCO.

    Args:
        path: Where they were read.
        data: Dict of `"images"` and `"annotations"`, lists of dicts.

    Raises:
        ValueError: If a caption is of no image.
    """
    try:
        names = {each["id"]: each["file_name"] for each in data["images"]}
        captions = [
            (each["image_id"], each["caption"]) for each in data["annotations"]
        ]
    except (TypeError, KeyError) as error:
        raise ValueError(
            f"{path}: expected COCO's captions: `images` with `id` and "
            "`file_name`, `annotations` with `image_id` and `caption`. Not "
            f"found: {error}"
        ) from None
    for number, (image, _) in enumerate(captions, start=1):
        if image not in names:
            raise ValueError(
                f"{path}, annotation {number}: expected the id of an image. "
                f"Received: {image!r}"
            )
    columns = {
        "image": [names[image] for image, _ in captions],
        "captions": [caption for _, caption in captions],
    }
    return Table(columns, path, range(1, len(captions) + 1), "annotation")


def of_images(table, folder):
    """A row for each image, with all its captions, and its path.

    Args:
        table: `Table` with `image`, names of files, and `captions`, a string
            or a list of them; or without captions.
        folder: Where the images are.

    Returns:
        `Table`; the images in the order in which they are named first.

    Raises:
        ValueError: If a value is missing.
        FileNotFoundError: If an image is not there; it says in which row it is
            named.
    """
    rows, captions = {}, {}
    for row, name in enumerate(table["image"]):
        if not isinstance(name, str) or not name:
            raise ValueError(
                f"{table.place(row)}: expected the name of an image. Received: "
                f"{name!r}"
            )
        if name not in rows:
            _require_image(os.path.join(folder, name), table.place(row))
        rows.setdefault(name, row)
        if "captions" in table:
            found = _captions(table["captions"][row], table.place(row))
            captions.setdefault(name, []).extend(found)
    columns = {"image": [os.path.join(folder, name) for name in rows]}
    if "captions" in table:
        columns["captions"] = list(captions.values())
    return table.of_rows(columns, rows.values())


def images_in(folder):
    """A table of all images in a folder, sorted by name.

    Raises:
        FileNotFoundError: If there is none.
    """
    names = sorted(
        name for name in os.listdir(folder) if name.lower().endswith(SUFFIXES)
    )
    if not names:
        raise FileNotFoundError(
            f"{folder}: expected images ({', '.join(SUFFIXES)}), or one of the "
            f"files {', '.join(NAMES)}. Found neither."
        )
    paths = [os.path.join(folder, name) for name in names]
    return Table({"image": paths}, folder, range(1, len(paths) + 1), "image")


def _captions(value, place):
    captions = [value] if isinstance(value, str) else value
    if (
        not isinstance(captions, list)
        or not captions
        or not all(isinstance(each, str) and each for each in captions)
    ):
        raise ValueError(
            f"{place}: expected a caption, or a list of captions. Received: "
            f"{value!r:.60}"
        )
    return captions


def _require_image(path, place):
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"{place}: expected an image at {path!r}. There is none; "
            '`images="folder"` says where the images are.'
        )
