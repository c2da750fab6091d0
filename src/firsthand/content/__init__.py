"""Which content is this? Digests of media and labels, image checks, and a cache of both."""

from firsthand.content.digests import (
    boxes_digest,
    boxes_digests,
    category_digest,
    class_keys,
    media_digest,
    text_digest,
)
from firsthand.content.files import (
    FileCache,
    FileFacts,
    Remembered,
    Stamp,
    read_file,
    read_stamped,
    unchanged,
)
from firsthand.content.images import IMAGE_SUFFIXES, ImageFacts, image_facts

__all__ = [
    "IMAGE_SUFFIXES",
    "FileCache",
    "FileFacts",
    "ImageFacts",
    "Remembered",
    "Stamp",
    "boxes_digest",
    "boxes_digests",
    "category_digest",
    "class_keys",
    "image_facts",
    "media_digest",
    "read_file",
    "read_stamped",
    "text_digest",
    "unchanged",
]
