"""Declarations, the class that they amount to, and the side file with its errors."""

import json
import re
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from firsthand import provenance_file
from firsthand.errors import InputError
from firsthand.provenance import Generator, declare, from_fields, provenance_class
from firsthand.types import (
    HUMAN,
    PROVENANCE_CLASSES,
    UNKNOWN,
    LabelOrigin,
    MediaOrigin,
    Provenance,
    Sample,
)

DIGEST = bytes(range(32))


class TestDeclare:
    def test_the_four_origins(self):
        assert declare("human") == HUMAN
        assert declare("unknown") == UNKNOWN
        made = declare("synthetic", "painter@2")
        assert (made.media_origin, made.label_origin) == ("synthetic", "model")
        assert (made.media_generator, made.label_generator) == ("painter@2", "painter@2")
        made = declare("model-labelled", "detector@3")
        assert (made.media_origin, made.label_origin) == ("human", "model")
        assert (made.media_generator, made.label_generator) == (None, "detector@3")

    def test_a_generation_that_nobody_gave_is_unknown_never_zero(self):
        made = declare("synthetic")
        assert (made.generation, made.generation_at_least, made.ancestry) == (None, 1, None)
        made = declare("synthetic", generation=4)
        assert (made.generation, made.generation_at_least) == (4, None)
        assert made.generation_declared
        assert not declare("human").generation_declared

    def test_verification_changes_neither_origin_nor_generation(self):
        plain = declare("model-labelled", "detector@3", generation=2)
        seen = declare("model-labelled", "detector@3", "Ann", generation=2)
        assert (seen.verification, seen.verified_by) == ("accepted", "Ann")
        assert (seen.label_origin, seen.generation) == (plain.label_origin, plain.generation)

    @pytest.mark.parametrize(
        ("said", "found"),
        [
            ({"origin": "AI"}, "origin is 'AI'"),
            ({"origin": "human", "generator": "a@1"}, "origin human with the generator 'a@1'"),
            ({"origin": "unknown", "generator": "a@1"}, "origin unknown with the generator"),
            ({"origin": "synthetic", "generator": "painter"}, "the generator is 'painter'"),
            ({"origin": "synthetic", "generator": "@1"}, "the generator is '@1'"),
            ({"origin": "synthetic", "generation": 0}, "generation 0 of what a model made"),
            ({"origin": "synthetic", "generation": -1}, "generation is -1"),
            ({"origin": "human", "generation": 1}, "origin human with generation 1"),
            ({"origin": "unknown", "generation": 0}, "origin unknown with generation 0"),
            ({"origin": "human", "verified_by": " "}, "verified_by is empty"),
        ],
    )
    def test_contradictions_are_refused(self, said, found):
        with pytest.raises(InputError) as error:
            declare(**said)
        assert found in str(error.value)


class TestFields:
    def test_a_record_that_says_nothing(self):
        assert (
            from_fields({"width": 3, "origin": None, "generator": "", "generation": None}) is None
        )
        assert from_fields({"generator": float("nan")}) is None

    def test_columns_of_a_table_may_be_text_or_floats(self):
        made = from_fields({"origin": "synthetic", "generation": "2"})
        assert made == from_fields({"origin": "synthetic", "generation": 2.0})
        assert made.generation == 2

    def test_the_generation_follows_from_what_the_generator_learned_from(self):
        models = {"a@1": Generator(0, own=True), "b@1": Generator(3), "c@1": Generator()}
        first = from_fields({"origin": "model-labelled", "generator": "a@1"}, models)
        assert (first.generation, first.own, first.ancestry) == (1, True, 1.0)
        assert first.generation_declared
        both = {"media_origin": "synthetic", "label_origin": "model", "media_generator": "b@1"}
        made = from_fields({**both, "label_generator": "a@1"}, models)
        assert (made.generation, made.own, made.ancestry) == (4, True, None)
        part = from_fields({**both, "label_generator": "c@1"}, models)
        assert (part.generation, part.generation_at_least) == (None, 4)

    @pytest.mark.parametrize(
        "said",
        [
            {"origin": "human", "media_origin": "human"},
            {"generation": True, "origin": "synthetic"},
            {"generation": 1.5, "origin": "synthetic"},
            {"verification": "accepted", "origin": "synthetic"},
            {"verification": "seen", "verified_by": "Ann"},
            {"media_origin": "model"},
            {"generator": "a@1"},
            {"origin": ["human"]},
            {"origin": {"human": 1}},
            {"origin": "synthetic", "generator": ["a@1"]},
        ],
    )
    def test_what_means_nothing_is_refused(self, said):
        with pytest.raises(InputError):
            from_fields(said)


class TestClass:
    def test_every_combination_has_one_class_by_precedence(self):
        sides = product(get_args(MediaOrigin), get_args(LabelOrigin))
        for (media, label), verified, own, labelled in product(
            sides, ("none", "corrected"), (False, True), (False, True)
        ):
            made = Provenance(media, label, verification=verified, own=own)
            found = provenance_class(made, labelled)
            human = media == "human" and (label == "human" or not labelled)
            unknown = media == "unknown" or (labelled and label == "unknown")
            assert found in PROVENANCE_CLASSES
            assert (found == "real") == human
            assert (found == "human-verified") == (not human and verified != "none")
            if not human and verified == "none":
                assert (found == "own-output") == own
                assert (found == "unknown") == (unknown and not own)

    def test_what_is_left(self):
        assert provenance_class(declare("synthetic"), labelled=True) == "other-synthetic"
        assert provenance_class(declare("model-labelled"), labelled=True) == "pseudo-label"
        assert provenance_class(declare("model-labelled"), labelled=False) == "real"
        assert provenance_class(UNKNOWN, labelled=False) == "unknown"


def side(tmp_path, text, name="provenance.yaml"):
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return provenance_file.load(file)


def origin(rules, key, media=DIGEST):
    made = rules.find(Sample(key, media), key)
    return None if made is None else (made.media_origin, made.label_origin)


class TestSideFile:
    @pytest.mark.parametrize(
        ("pattern", "matches", "others"),
        [
            ("images/*.jpg", ["images/a.jpg"], ["images/b/a.jpg", "images/a.png"]),
            ("images/**", ["images/a.jpg", "images/b/a.jpg"], ["other/a.jpg"]),
            ("**/gen_*", ["a/b/gen_1.png", "gen_1.png"], ["a/gan_1.png"]),
            ("gen_?.png", ["gen_1.png", "a/gen_1.png"], ["gen_10.png", "a/b.png"]),
            ("a.png", ["a.png", "x/a.png"], ["ba.png", "x/ba.png"]),
            ("x/a.png", ["x/a.png"], ["y/x/a.png", "a.png"]),
            ("图[0-3]!.png", ["图2!.png"], ["图4!.png"]),
            ("[!a]*", ["b.png"], ["a.png"]),
            ("a+(b).p?g", ["a+(b).png"], ["aab.png"]),
        ],
    )
    def test_patterns(self, tmp_path, pattern, matches, others):
        rules = side(tmp_path, json.dumps({"rules": [{"match": pattern, "origin": "human"}]}))
        assert [origin(rules, key) is not None for key in matches] == [True] * len(matches)
        assert [origin(rules, key) for key in others] == [None] * len(others)

    def test_the_last_rule_wins_however_it_names_the_sample(self, tmp_path):
        rules = [
            {"origin": "human"},
            {"match": "x/a.png", "origin": "synthetic"},
            {"match": "x/*", "origin": "model-labelled"},
            {"media": DIGEST.hex(), "origin": "unknown"},
        ]
        made = side(tmp_path, json.dumps({"rules": rules}))
        assert origin(made, "x/a.png") == ("unknown", "unknown")
        assert origin(made, "x/a.png", b"") == ("human", "model")
        assert origin(made, "y", b"") == ("human", "human")
        made = side(tmp_path, json.dumps({"rules": rules[::-1]}))
        assert origin(made, "x/a.png") == ("human", "human")

    def test_models_give_the_generation(self, tmp_path):
        text = """
models:
  detector@3: {trained_on: 1, own: true, ancestry: 0.5}
rules:
  - origin: model-labelled
    generator: detector@3
    verification: corrected
    verified_by: Ann
"""
        made = side(tmp_path, text).find(Sample("a", b""), "a")
        assert (made.generation, made.generation_declared, made.own) == (2, True, True)
        assert (made.ancestry, made.verification) == (0.5, "corrected")

    def test_json_lines_say_the_same(self, tmp_path):
        lines = [
            {"model": "detector@3", "trained_on": 0},
            {"match": "a", "origin": "model-labelled", "generator": "detector@3"},
        ]
        text = "\ufeff" + "\r\n".join(json.dumps(line) for line in lines) + "\n\n"
        made = side(tmp_path, text, "provenance.jsonl").find(Sample("a", b""), "a")
        assert made.generation == 1

    def test_a_rule_that_matches_nothing_is_named_with_its_line(self, tmp_path):
        text = "rules:\n  - origin: human\n  - match: 'gen_*'\n    origin: synthetic\n"
        rules = side(tmp_path, text)
        (skip,) = rules.unused([(Sample("a.png", b""), "a.png")])
        assert (skip.code, skip.line, skip.found) == ("provenance-unused", 3, "gen_*")

    def test_a_rule_that_is_overruled_is_used_all_the_same(self, tmp_path):
        text = "rules:\n  - match: a.png\n    origin: human\n  - origin: synthetic\n"
        assert list(side(tmp_path, text).unused([(Sample("a.png", b""), "a.png")])) == []

    @pytest.mark.parametrize(
        ("text", "line", "found"),
        [
            ("rules:\n  - orgin: human\n", 2, "the key 'orgin'"),
            ("rules:\n  - origin: human\n  - origin: robot\n", 3, "origin is 'robot'"),
            ("rules:\n  - match: a\n", 2, "the rule says nothing"),
            ("rules:\n  - human\n", 2, "'human'"),
            ("rules:\n  - media: abc\n    origin: human\n", 2, "media is 'abc'"),
            ("rules:\n  - match: '[z-a]'\n    origin: human\n", 2, "means nothing"),
            ("rules:\n  - match: 7\n    origin: human\n", 2, "match is 7"),
            ("rules: human\n", 1, "rules is no list"),
            ("\nrule:\n  - origin: human\n", 2, "the key 'rule'"),
            ("models:\n  detector: {}\n", 2, "the generator is 'detector'"),
            ("models:\n  d@1: {trained_on: one}\n", 2, "trained_on is 'one'"),
            ("models:\n  d@1:\n    ancestry: 2\n", 2, "ancestry is 2"),
            ("models:\n  d@1: {own: maybe}\n", 2, "own is 'maybe'"),
            ("rules:\n  - origin: human\n    origin: human\n", 3, "is there twice"),
            ("rules:\n  - origin: [human\n", 3, "this is no YAML"),
            ("- origin: human\n", 1, "no keys"),
            ("rules: &a\n  - *a\n", 1, "contains itself"),
            ("x: !!python/object/apply:os.system [ls]\n", 1, "is not allowed"),
        ],
    )
    def test_errors_name_the_line(self, tmp_path, text, line, found):
        with pytest.raises(InputError) as error:
            side(tmp_path, text)
        assert found in str(error.value)
        assert str(error.value).startswith(str(tmp_path / "provenance.yaml"))
        if "itself" not in found and "allowed" not in found:
            assert f"provenance.yaml:{line}:" in str(error.value)

    def test_errors_in_json_lines_name_the_line(self, tmp_path):
        with pytest.raises(InputError, match=r"provenance\.jsonl:2: this is no JSON"):
            side(tmp_path, '{"origin": "human"}\n{', "provenance.jsonl")

    def test_it_is_found_beside_the_data_and_only_once(self, tmp_path):
        assert provenance_file.find_file(tmp_path) is None
        (tmp_path / "provenance.yaml").touch()
        assert provenance_file.find_file(tmp_path, tmp_path) == tmp_path / "provenance.yaml"
        (tmp_path / "provenance.jsonl").touch()
        with pytest.raises(InputError, match="one side file"):
            provenance_file.find_file(tmp_path)


def test_the_examples_of_the_documentation_say_what_they_claim(tmp_path):
    page = Path(__file__).parent.parent / "docs" / "provenance-file.md"
    blocks = re.findall(r"```(yaml|json)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    smallest, larger, lines = (
        side(tmp_path, text, f"provenance.{'yaml' if kind == 'yaml' else 'jsonl'}")
        for kind, text in blocks
    )
    assert origin(smallest, "any/file.jpg") == ("human", "human")
    assert origin(lines, "images/train/auto_001.jpg") == ("human", "model")
    made = larger.find(Sample("images/train/auto_049.jpg", b""), "images/train/auto_049.jpg")
    assert (made.verification, made.generation, made.own) == ("corrected", 1, True)
    seen = provenance_file.SideFile(larger.path, larger.rules[3:]).rules[0]
    assert (seen.provenance.media_origin, seen.provenance.generation) == ("synthetic", 2)
