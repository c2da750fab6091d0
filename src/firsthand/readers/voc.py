"""Pascal VOC: one XML file an image, with boxes in pixels.

    Annotations/*.xml        or annotations_voc, annotations, xmls, or the folder itself
    JPEGImages/              or images, img, or beside the XML files
    ImageSets/Main/*.txt     or splits/*.txt; train, val and test count

Corners are edges, not 1-based pixels: see `formats/boxes.py`. Objects marked difficult or truncated
are kept. Class names are sorted. XML that declares a document type, and with it entities or
external files, is refused. An image without an XML file is a sample about which nothing was said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from firsthand.content import IMAGE_SUFFIXES, FileCache, FileFacts, read_file
from firsthand.errors import FormatError
from firsthand.formats.boxes import SHOWN, Object, image_file, labelled, pixel_size
from firsthand.formats.layout import files_in, head, printable, split_name
from firsthand.types import Reading, Sample, Skip

ANNOTATIONS = ("Annotations", "annotations_voc", "annotations", "xmls")
IMAGES = ("JPEGImages", "images", "img")
SETS = ("ImageSets/Main", "ImageSets", "splits")
EDGES = ("xmin", "ymin", "xmax", "ymax")
XML = frozenset({".xml"})


@dataclass
class _Drawn:
    """One `object` element, as it stands in the file."""

    line: int
    name: str = ""
    edges: dict[str, float] = field(default_factory=dict)


@dataclass
class _Page:
    """One XML file."""

    filename: str = ""
    width: float = 0
    height: float = 0
    objects: list[_Drawn] = field(default_factory=list)


@dataclass(frozen=True)
class _Layout:
    """Where everything is. Images are found by name and by stem, splits by stem."""

    root: Path
    pages: list[Path]
    images: dict[str, Path]
    splits: dict[str, str]

    def unlabelled(self) -> list[Path]:
        stems = {page.stem for page in self.pages}
        return sorted({image for image in self.images.values() if image.stem not in stems})


class VOC:
    """Reads Pascal VOC annotations."""

    name = "voc"
    question = "Is it a folder of Pascal VOC XML files?"
    suffixes = (".xml",)

    def can_read(self, path: Path) -> bool:
        """A folder whose first XML file begins with an `annotation` element.

        Where labels/ holds YOLO's copy of the same labels, the folder above is left to YOLO.
        """
        pages = _pages(path)
        beside = pages and pages[0].parent != path
        if not pages or (beside and files_in(path / "labels", {".txt"})):
            return False
        return b"<annotation" in head(pages[0], 1024)

    def read(self, path: Path) -> Reading:
        """Open the folder; every XML file is parsed once for the class names.

        Raises:
            FormatError: there is no XML file.
        """
        pages = _pages(path.absolute())
        if not pages:
            expected = "a folder of .xml files, or one with " + ", ".join(ANNOTATIONS)
            raise FormatError("there is no XML file", expected=expected, where=str(path))
        layout = _layout(path.absolute(), pages)
        parsed = (_parse(page) for page in pages)
        names = {each.name for page in parsed if isinstance(page, _Page) for each in page.objects}
        classes = tuple(sorted(names - {""}))
        total = len(pages) + len(layout.unlabelled())
        return Reading("voc", layout.root, "detect", classes, _items(layout, classes), total)


def _pages(path: Path) -> list[Path]:
    places = (path, *(path / name for name in ANNOTATIONS))
    return next((found for place in places if (found := files_in(place, XML))), [])


def _layout(path: Path, pages: list[Path]) -> _Layout:
    folder = pages[0].parent
    apart = folder == path and not files_in(path, IMAGE_SUFFIXES)
    root = path.parent if apart else path
    images: dict[str, Path] = {}
    for place in (*(root / name for name in IMAGES), folder):
        for image in files_in(place, IMAGE_SUFFIXES):
            images.setdefault(image.name, image)
            images.setdefault(image.stem, image)
    return _Layout(root, pages, images, _splits(root))


def _splits(root: Path) -> dict[str, str]:
    """Which split is each image in? Lists such as cat_train.txt speak of one class only."""
    found: dict[str, str] = {}
    for place in SETS:
        for file in files_in(root / place, {".txt"}):
            split = "" if "_" in file.stem else split_name(file.stem)
            lines = head(file, 1 << 28).decode("utf-8", "replace").splitlines() if split else []
            found.update({Path(line.split()[0]).stem: split for line in lines if line.strip()})
    return found


def _items(layout: _Layout, classes: tuple[str, ...]) -> Iterator[Sample | Skip]:
    with FileCache(layout.root) as cache:
        stream = _Stream(layout, {name: at for at, name in enumerate(classes)}, cache)
        for file in layout.pages:
            yield from stream.page(file)
        for image in layout.unlabelled():
            if image not in stream.used:
                yield stream.unlabelled(image)


@dataclass(frozen=True)
class _Stream:
    """Takes one file after the other."""

    layout: _Layout
    classes: dict[str, int]
    cache: FileCache
    used: set[Path] = field(default_factory=set)

    def page(self, file: Path) -> Iterator[Sample | Skip]:
        page = _parse(file)
        if isinstance(page, Skip):
            yield page
            return
        names = (file.stem, page.filename, Path(page.filename).stem)
        image = next(
            (self.layout.images[name] for name in names if name in self.layout.images), None
        )
        if image is None or image in self.used:
            code = "orphan-label" if image is None else "duplicate-key"
            yield Skip(code, printable(file), found=page.filename[:SHOWN])
            return
        self.used.add(image)
        facts = image_file(str(image), self.cache)
        if isinstance(facts, Skip):
            yield facts
            return
        size = pixel_size(page.width, page.height, facts)
        objects = (self._object(each, printable(file)) for each in page.objects)
        yield from labelled(
            self._bare(image, facts), objects, size, tuple(self.classes), printable(file)
        )

    def unlabelled(self, image: Path) -> Sample | Skip:
        """An image about which nothing was said."""
        facts = image_file(str(image), self.cache)
        return facts if isinstance(facts, Skip) else self._bare(image, facts)

    def _bare(self, image: Path, facts: FileFacts) -> Sample:
        key = printable(image.relative_to(self.layout.root).as_posix())
        split = self.layout.splits.get(image.stem, "")
        return Sample(key, facts.digest, split=split, path=str(image))

    def _object(self, drawn: _Drawn, source: str) -> Object | Skip:
        if drawn.name not in self.classes:
            return Skip("label-class", source, drawn.line, "no name", keeps_sample=True)
        if set(drawn.edges) != set(EDGES):
            found = f"{len(drawn.edges)}: {', '.join(drawn.edges)}"
            return Skip("label-columns", source, drawn.line, found, keeps_sample=True)
        left, top, right, bottom = (drawn.edges[edge] for edge in EDGES)
        return Object(drawn.line, self.classes[drawn.name], (left, top, right, bottom))


def _parse(file: Path) -> _Page | Skip:
    """One XML file; a skip that names the line where it stops being XML."""
    from defusedxml import DefusedXmlException, sax

    handler = _Handler()
    try:
        sax.parseString(read_file(str(file)), handler, forbid_dtd=True)
    except OSError as error:
        return Skip("unreadable-file", printable(file), found=str(error.strerror))
    except DefusedXmlException as error:
        return Skip("xml-refused", printable(file), handler.line(), type(error).__name__)
    # expat passes on what Python's decoders say about an encoding that the file names.
    except (SAXException, ValueError, LookupError) as error:
        return Skip("xml-invalid", printable(file), handler.line(), str(error)[:SHOWN])
    return handler.page


class _Handler(ContentHandler):
    """Collects what we need from the elements, with the lines that objects begin on."""

    def __init__(self) -> None:
        super().__init__()
        self.page = _Page()
        self._open: list[str] = []
        self._text: list[str] = []
        self._place: Any = None

    def setDocumentLocator(self, locator: Any) -> None:  # noqa: N802
        self._place = locator

    def line(self) -> int:
        """Where the parser is."""
        return int(self._place.getLineNumber() or 0) if self._place else 0

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802, ARG002
        self._open.append(name)
        self._text.clear()
        if self._open == ["annotation", "object"]:
            self.page.objects.append(_Drawn(self.line()))

    def characters(self, content: str) -> None:
        self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        text = "".join(self._text).strip()
        self._text.clear()
        match self._open:
            case ["annotation", "filename"]:
                self.page.filename = text
            case ["annotation", "size", "width" | "height"]:
                setattr(self.page, name, _number(text))
            case ["annotation", "object", "name"]:
                self.page.objects[-1].name = text
            case ["annotation", "object", "bndbox", edge] if edge in EDGES:
                self.page.objects[-1].edges[edge] = _number(text)
        self._open.pop()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


component = VOC()
