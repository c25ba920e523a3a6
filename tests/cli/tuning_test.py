#!/usr/bin/env python3
"""What the program finds out about a machine once and keeps, and what it packs of a model once, as a user meets both."""
import json
import os
import pathlib
import pty
import subprocess
import tempfile
import unittest

import gguf_writer as gguf
from program import BINARY, run, write

FOLDER = tempfile.TemporaryDirectory()
MODEL = write(FOLDER.name, "tiny.gguf", gguf.tiny_llama().bytes())


class Tuning(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.home.cleanup()

    def doctor(self, *words, **given):
        outcome = run("doctor", "--json", *words, home=self.home.name, **given)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.json()["tuning"]

    def files(self, folder):
        return sorted(pathlib.Path(self.home.name).glob(f"{folder}/*"))

    def score(self, **given):
        outcome = run("score", "--model", MODEL, "--tokens", "104,101", "--json", home=self.home.name, **given)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome

    def test_it_is_measured_by_the_first_verb_that_computes_and_shown_by_doctor(self):
        self.score()
        self.assertEqual(len(self.files("tuning")), 1)
        shown = self.doctor()
        self.assertFalse(shown["measured_now"])
        self.assertEqual(shown["file"], str(self.files("tuning")[0]))
        names = [table["name"] for table in shown["tables"]]
        self.assertIn(shown["kernels"], names)
        self.assertEqual(names[-1], "scalar")
        self.assertEqual([table["refused"] for table in shown["tables"]], [None] * len(names))
        self.assertTrue(1 <= shown["threads"] <= os.cpu_count())
        text = run("doctor", home=self.home.name).stdout
        self.assertIn(f"tuned to    {shown['kernels']}, {shown['threads']} of ", text)
        self.assertIn("measured before", text)

    def test_doctor_measures_again_when_asked(self):
        self.assertTrue(self.doctor()["measured_now"])
        self.assertTrue(self.doctor("--retune")["measured_now"])
        self.assertEqual(len(self.files("tuning")), 1)

    def test_a_broken_or_foreign_file_is_measured_again(self):
        self.doctor()
        file = self.files("tuning")[0]
        foreign = dict(json.loads(file.read_text()), machine="another machine")
        for text in ["", "{", json.dumps(foreign), "[]"]:
            file.write_text(text)
            self.assertTrue(self.doctor()["measured_now"], text)
            self.assertIn("kernels", json.loads(file.read_text()))

    def test_the_environment_forces_kernels_unmeasured(self):
        self.score(environment={"FREEHOLD_KERNELS": "scalar"})
        self.assertEqual(self.files("tuning"), [])
        outcome = run("doctor", "--json", home=self.home.name, environment={"FREEHOLD_KERNELS": "scalar"})
        self.assertEqual(outcome.json()["kernels"], "scalar")
        self.assertTrue(outcome.json()["tuning"]["forced"])

    def test_a_home_that_cannot_be_written_is_no_error(self):
        write(self.home.name, "tuning", "a file where the folder would be")
        self.score()


class Packing(unittest.TestCase):
    def test_a_bar_shows_on_a_terminal_once_and_inspect_tells_the_bytes(self):
        with tempfile.TemporaryDirectory() as home:
            command = [BINARY, "score", "--model", MODEL, "--tokens", "104,101", "--json"]
            first, second = on_terminal(command, home), on_terminal(command, home)
            self.assertIn("packing weights", first)
            self.assertNotIn("packing weights", second)
            packed = sum(file.stat().st_size for file in pathlib.Path(home).glob("models/packed/*.panels"))
            self.assertGreater(packed, 0)
            self.assertEqual(run("inspect", MODEL, "--json", home=home).json()["packed_bytes"], packed)
            another_spelling = f"{FOLDER.name}/./tiny.gguf"
            self.assertEqual(run("inspect", another_spelling, "--json", home=home).json()["packed_bytes"], packed)
            self.assertEqual(run("du", "--json", home=home).json()["packed_bytes"], packed)
            self.assertIn("packed        ", run("inspect", MODEL, home=home).stdout)

    def test_nothing_of_it_goes_where_no_terminal_is(self):
        with tempfile.TemporaryDirectory() as home:
            outcome = run("score", "--model", MODEL, "--tokens", "104", "--json", home=home)
            self.assertNotIn("packing", outcome.stderr)


def on_terminal(command, home):
    """What a command writes to its standard error when that is a terminal."""
    terminal, side = pty.openpty()
    with open(terminal, "rb", buffering=0) as reader:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=side,
                                 env=dict(os.environ, FREEHOLD_HOME=home))
        os.close(side)
        said = b""
        while True:
            try:
                piece = reader.read(4096)
            except OSError:  # the other side has closed
                break
            if not piece:
                break
            said += piece
        child.wait()
    return said.decode(errors="replace")


if __name__ == "__main__":
    unittest.main()
