"""Hostile files in the place of good ones: nothing is executed, unpickled, fetched or written."""

from __future__ import annotations

import os
import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from victims import check, outcome, watched
from written import WRITERS

from firsthand import registry

READERS = registry.names("readers")


class Bomb:
    """Unpickling this would say so to the hook."""

    def __reduce__(self):
        return os.system, ("true",)


def zipped() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../outside.txt", "x")
    return out.getvalue()


LAUGHS = b"".join(b"<!ENTITY l%d '%s'>" % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 9))
PAYLOADS = {
    "pickle": pickle.dumps(Bomb()),
    "zip": zipped(),
    "yaml-object": b"names: !!python/object/apply:os.system ['true']\ntrain: images/train\n",
    "yaml-new": b"!!python/object/new:os.system ['true']\n",
    "yaml-download": b"path: gone\ntrain: a\nnames: [a]\n"
    b"download: |\n  import os; os.system('true')\n",
    "yaml-laughs": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 9)) for c in range(97, 106)
    )
    + b"names: *j\ntrain: images/train\n",
    "xml-laughs": b"<!DOCTYPE a [<!ENTITY l0 'ha'>" + LAUGHS + b"]><annotation>&l8;</annotation>",
    "xml-file": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;'
    b"</filename></annotation>",
    "xml-web": b'<!DOCTYPE annotation SYSTEM "http://127.0.0.1:9/x.dtd"><annotation/>',
    "deep": b"[" * 100_000,
    "deep-xml": b"<a>" * 20_000,
    "empty": b"",
    "nul": b"\0" * 1000,
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("name", READERS)
def test_nothing_is_executed_or_unpickled(name, payload, victims):
    victim = victims(name)
    for file in {*victim.describing(), next(iter(victim.good))}:
        victim.try_with(file, PAYLOADS[payload])


def test_the_watch_can_fail(tmp_path):
    with watched(tmp_path) as seen:
        pickle.loads(PAYLOADS["pickle"])
        (tmp_path / "new").write_text("x")
    assert {"pickle.find_class", "os.system", f"write {tmp_path / 'new'}"} <= set(seen)


@pytest.mark.parametrize("name", READERS)
def test_folders_links_and_pipes_in_place_of_files(name, tmp_path):
    path = WRITERS[name](tmp_path / "data")
    victim = next(file for file in sorted((tmp_path / "data").rglob("*")) if file.is_file())
    for make in (
        Path.mkdir,
        os.mkfifo,
        lambda at: at.symlink_to("gone"),
        lambda at: at.symlink_to(at),
    ):
        victim.unlink() if not victim.is_dir() or victim.is_symlink() else victim.rmdir()
        make(victim)
        check(outcome(path, name, tmp_path), tmp_path)
