"""`firsthand profile`: what of a reference has to be known to compare with it later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firsthand import __version__
from firsthand.cli import _judging as judging


def command(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="The human-verified data, or a version.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE.profile.npz", help="The file to write.")
    ],
    features: judging.Features = None,
    format: Annotated[
        str | None,
        typer.Option("--format", help="Format of the data, where it is not told by looking."),
    ] = None,
    group_by: judging.GroupBy = None,
    strict: judging.Strict = False,
    as_json: judging.Json = False,
    lang: judging.Lang = None,
) -> None:
    """Write down what metrics see of a reference, to compare with it where the data may not go.

    The file holds boxes and their classes, hashes of words, features, and the columns of a table
    as they are; no picture, and no text as it was written. It is not anonymous: words are found by
    hashing a dictionary, and features carry something of the picture.

    Exit code: 0 written, 2 wrong use or I/O.
    """
    import json
    import shlex

    from firsthand import profile
    from firsthand.messages import language, text
    from firsthand.sources import side_of

    spoken = language(lang)
    side = side_of(reference, features, format=format, strict=strict, group_by=group_by)
    saved = profile.save(side, out)
    size = out.stat().st_size
    if as_json:
        written = {**saved.described(), "views": sorted(saved.offers), "bytes": size}
        said = {"schema": profile.SCHEMA, "tool_version": __version__, **written}
        print(json.dumps(said, ensure_ascii=False, indent=2))
        return
    facts = {"out": out, "count": len(saved.media), "size": f"{size / 1e6:,.1f}"}
    print(text("profile.done", spoken, digest=saved.digest, **facts))
    code = "profile.holds-columns" if "columns" in saved.offers else "profile.holds"
    print("  " + text(code, spoken, views=", ".join(sorted(saved.offers))))
    ask = shlex.join(["firsthand", "measure", "CANDIDATE", "--reference", str(out)])
    print(text("label.next", spoken, command=ask))
