#!/usr/bin/env python3
"""Says where Freehold's tokens differ from those of the package `tokenizers`.

    tools/compare_tokenizers.py FOLDER [--freehold BINARY] [--texts FILE] [--most N]

Every tokenizer.json at or below FOLDER is read by both. FILE is a JSON list of texts; without it the
texts of tests/fixtures/tokenizers/pretokenizers.expected.json are taken. Ids are compared without
what is added around a text and with special tokens in it read as such; then what all ids together
are decoded to.
Ends with 1 when anything differs. Needs the package tokenizers==0.23.3.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

from tiny_checkpoint import make_checkpoint

TEXTS = pathlib.Path("tests/fixtures/tokenizers/pretokenizers.expected.json")


def ask(freehold, model, text, *options):
    done = subprocess.run([freehold, "tokenize", "--model", model, "--json", *options],
                          input=text.encode(), capture_output=True, check=False)
    answer = json.loads(done.stdout)
    if done.returncode != 0:
        raise SystemExit(f"{model}: {answer['error']['message']}")
    return answer


def differences(freehold, folder, texts):
    reference = Tokenizer.from_file(str(folder / "tokenizer.json"))
    reference.no_padding()
    reference.no_truncation()
    ids = []
    with tempfile.TemporaryDirectory() as place:
        make_checkpoint(folder, pathlib.Path(place))
        for text in texts:
            wanted = reference.encode(text, add_special_tokens=False).ids
            got = ask(freehold, place, text, "--no-special", "--parse-special")["ids"]
            if got != wanted:
                yield f"{text!r}: {got}, not {wanted}"
            ids += wanted
        spelled = ask(freehold, place, json.dumps(ids), "--decode")["text"]
        if spelled != reference.decode(ids, skip_special_tokens=False):
            yield "the ids of all texts are decoded otherwise"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--freehold", default="build/release/freehold")
    arguments.add_argument("--texts", type=pathlib.Path)
    arguments.add_argument("--most", type=int, default=100, help="texts for each tokenizer")
    given = arguments.parse_args()
    content = json.loads((given.texts or TEXTS).read_text(encoding="utf-8"))
    texts = content if isinstance(content, list) else content["texts"]
    texts = texts[:: max(1, len(texts) // given.most)]
    found = sorted(path.parent for path in given.folder.rglob("tokenizer.json"))
    if not found:
        raise SystemExit(f"no tokenizer.json below {given.folder}")
    wrong = 0
    for folder in found:
        lines = list(differences(given.freehold, folder, texts))
        wrong += len(lines)
        print(f"{folder}: {len(texts)} texts, {len(lines)} differ", flush=True)
        print(*lines[:5], sep="\n", end="\n" if lines else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
