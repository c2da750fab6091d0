"""The command line: one command a file, which parses, calls one verb, prints and exits.

`cli/audit.py` is the command `audit`: the folder is listed, and a file is imported only when its
command is called. Results go to stdout, everything else to stderr. Exit codes: 0 pass, 1 blocked,
2 wrong use or I/O, 3 cannot say.
"""

from __future__ import annotations

import ast
import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import typer
from typer.core import TyperGroup

from firsthand import __version__
from firsthand.errors import FirsthandError

FOLDER = Path(__file__).parent
GONE = 141  # 128 + SIGPIPE, as shells say it
WrongUse: type[Exception] = typer.BadParameter.__mro__[1]  # typer exports only the narrower error


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit; an expected error is said without a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character must not cost the verdict.
            stream.reconfigure(errors="backslashreplace")
    try:
        command = typer.main.get_command(app)
        code = command.main(args=given, prog_name="firsthand", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except WrongUse as error:
        _misused(given, error)
    except FirsthandError as error:
        parts = {"expected": error.expected, "todo": error.todo, "where": error.where}
        _fail(given, error.code, str(error), parts)
        sys.exit(error.exit_code)
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _fail(given, "io", said, {})
    except Exception as error:  # noqa: BLE001 - an uncaught one would exit 1, which says "blocked"
        if os.environ.get("FIRSTHAND_DEBUG"):
            raise
        said = f"internal error, please report it: {type(error).__name__}: {error}"
        _fail(given, "internal", said, {"todo": "FIRSTHAND_DEBUG=1 shows where it happened."})
    sys.exit(2)


def _open_streams() -> None:
    """A process may be started with stdout or stderr closed; the exit code still counts."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _misused(given: Sequence[str], error: Any) -> None:
    """Say what is wrong with the words that were typed, and how to see the right ones."""
    if not _speaks_json(given):
        try:
            error.show()
            sys.stderr.flush()
        except OSError:
            _abandon(sys.stderr)
        return
    asked = error.ctx.command_path if error.ctx else "firsthand"
    todo = f"Try '{asked} --help' for help."
    _fail(given, "usage", f"{error.format_message()} {todo}", {"todo": todo})


def _speaks_json(given: Sequence[str]) -> bool:
    """Was JSON asked for? Looks at the words alone, which may not have been understood."""
    pairs = zip(given, given[1:], strict=False)
    return "--json" in given or "--format=json" in given or ("--format", "json") in pairs


def _fail(given: Sequence[str], code: str, message: str, parts: dict[str, str]) -> None:
    if _speaks_json(given):
        said = {"code": code, "message": message} | parts
        _say(json.dumps({"error": said}, ensure_ascii=False), sys.stdout)
    else:
        _say(f"firsthand: {message}", sys.stderr)


def _say(line: str, stream: TextIO) -> None:
    """Write it if that can be; where it cannot, the exit code must still come out right."""
    try:
        print(line, file=stream, flush=True)
    except OSError:
        _abandon(stream)


def _abandon(stream: TextIO) -> None:
    """Nothing more can be said there, at interpreter exit neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def commands() -> tuple[str, ...]:
    """Which commands are there? The files of this folder, without those that begin with _."""
    return tuple(sorted(path.stem for path in FOLDER.glob("[!_]*.py")))


class _Commands(TyperGroup):
    """Finds commands by listing the folder and imports none that is not called."""

    def list_commands(self, _ctx: Any) -> list[str]:
        return [name.replace("_", "-") for name in commands()]

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        name = cmd_name.replace("-", "_")
        if name not in commands():
            return None
        module = importlib.import_module(f"firsthand.cli.{name}")
        one = typer.Typer(rich_markup_mode=None, add_completion=False)
        settings = getattr(module, "SETTINGS", None)
        one.command(cmd_name, context_settings=settings)(module.command)
        return typer.main.get_command(one)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in self.list_commands(ctx)])

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            _abandon(sys.stdout)  # the reader has left
            raise SystemExit(GONE) from None
        except KeyboardInterrupt:
            raise SystemExit(130) from None


def _summary(name: str) -> str:
    """First line of what a command says of itself, read without importing it."""
    source = (FOLDER / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == "command":
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"firsthand {__version__}")
        raise typer.Exit


@app.callback()
def _firsthand(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Says where training data came from, what of the human tails is lost, and whether to train."""
    del version
