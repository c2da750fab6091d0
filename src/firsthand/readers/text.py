"""Plain text: a folder with one document a file, or one file cut into documents.

    human/1.txt  human/2.txt          documents
    pos/1.txt  neg/2.txt              documents in classes
    train/pos/1.txt  test/neg/2.txt   documents in classes and splits
    corpus.txt, alone in its folder   one document a paragraph where empty lines separate them
                                      (seen in its first 64 KiB), otherwise one a line
    train.txt  valid.txt              the same, where nothing else is in the folder

Text is UTF-8. Files of numbers, such as YOLO's label files, and lists of image paths are no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from firsthand.content import IMAGE_SUFFIXES, category_digest, read_file, text_digest
from firsthand.errors import FormatError
from firsthand.formats.layout import (
    Place,
    class_folders,
    contents,
    files_in,
    has_annotations,
    head,
    printable,
    split_name,
)
from firsthand.types import Reading, Sample, Skip

TEXT = frozenset({".txt", ".text"})
BLANK = re.compile(rb"\n[ \t\r]*\n")
OTHER = re.compile(rb"[-+0-9.eE \t]+|\S.*\.(jpe?g|png|bmp|tiff?|webp)", re.IGNORECASE)
BOM = b"\xef\xbb\xbf"


class Text:
    """Reads plain text."""

    name = "text"
    question = "Is it a text file, or a folder of text files?"
    suffixes = (".txt", ".text")

    def can_read(self, path: Path) -> bool:
        """Text files by suffix, unless the first five hold numbers or paths of images."""
        if not path.is_dir():
            return path.suffix.lower() in TEXT and path.is_file() and _is_text(head(path))
        if has_annotations(path) or files_in(path, IMAGE_SUFFIXES):
            return False
        files = (file for place in class_folders(path) for file in place.files(TEXT))
        first = [head(file) for file in islice(files, 5)]
        return any(_is_text(start) for start in first)

    def read(self, path: Path) -> Reading:
        """Open it.

        Raises:
            FormatError: there is no text file.
        """
        path = path.absolute()
        alone = [path] if path.is_file() else _corpus(path)
        if alone:
            root = path.parent if path.is_file() else path
            items = (item for file in alone for item in _cut(file))
            return Reading("text", root, "text", (), items)
        places = class_folders(path)
        total, classes = contents(places, TEXT)
        if not total:
            raise FormatError("there is no text file in it", expected=".txt", where=str(path))
        return Reading("text", path, "text", classes, _documents(path, places, classes), total)


def _corpus(folder: Path) -> list[Path]:
    """The files of a folder, if each is a corpus: the only file, or all named as splits."""
    files = [file for place in class_folders(folder) for file in place.files(TEXT)]
    named = all(file.parent == folder and split_name(file.stem) for file in files)
    files = files if named or len(files) == 1 else []
    return files if all(file.is_file() for file in files) else []


def _is_text(start: bytes) -> bool:
    """Is it something else than rows of numbers or a list of images?"""
    lines = [line.strip() for line in start.splitlines()[:20] if line.strip()]
    return bool(lines) and not all(OTHER.fullmatch(line) for line in lines[:-1] or lines)


def _documents(
    root: Path, places: Iterable[Place], classes: tuple[str, ...]
) -> Iterator[Sample | Skip]:
    index = {name: at for at, name in enumerate(classes)}
    for place in places:
        digest = category_digest(place.category) if place.category else None
        for file in place.files(TEXT):
            text = _whole(file)
            if isinstance(text, Skip):
                yield text
                continue
            yield Sample(
                key=printable(file.relative_to(root).as_posix()),
                media=text_digest(text),
                label=digest,
                split=place.split,
                path=str(file),
                category=index.get(place.category),
                text=text,
            )


def _whole(file: Path) -> str | Skip:
    try:
        data = read_file(str(file))
    except OSError as error:
        return Skip("unreadable-file", printable(file), found=str(error.strerror))
    return _decoded(data, file, 0) or Skip("missing-text", printable(file))


def _decoded(data: bytes, file: Path, line: int) -> str | Skip:
    """The text without white space around it; `line` is where it begins, 0 for a whole file."""
    wrong = data.find(b"\0")
    try:
        text = data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        text, wrong = "", error.start
    if wrong < 0:
        return text.strip()
    at = max(line, 1) + data.count(b"\n", 0, wrong)
    return Skip("text-encoding", printable(file), at, repr(data[wrong : wrong + 8])[2:-1])


def _cut(file: Path) -> Iterator[Sample | Skip]:
    """The documents of one file: paragraphs or lines."""
    split = split_name(file.stem)
    try:
        for line, data in _pieces(file):
            text = _decoded(data, file, line)
            if isinstance(text, Skip):
                yield text
            elif text:
                key = f"{printable(file.name)}:{line}"
                media = text_digest(text)
                yield Sample(key, media, split=split, path=str(file), line=line, text=text)
    except OSError as error:
        yield Skip("unreadable-file", printable(file), found=str(error.strerror))


def _pieces(file: Path) -> Iterator[tuple[int, bytes]]:
    """Each document with the line that it begins on."""
    paragraphs = BLANK.search(head(file).strip()) is not None
    start, lines = 1, list[bytes]()
    with file.open("rb") as opened:
        for at, data in enumerate(opened, 1):
            if not paragraphs or not data.strip():
                yield start, b"".join(lines)
                start, lines = at, []
            if data.strip():
                start = start if lines else at
                lines.append(data)
    yield start, b"".join(lines)


component = Text()
