#!/usr/bin/env python3
"""Writes tests/fixtures/tokenizers: small tokenizers trained here, and what the reference makes of text.

For each NAME in qwen, llama3, sentencepiece:
  NAME.json            a tokenizer.json of at most 60 KB
  NAME.expected.json   {"texts": […], "ids": […], "offsets": […], "decoded": […]}: for each text its
                       tokens without BOS, special tokens parsed; the bytes each covers, as the
                       reference counts them (whole characters), null where NFC changed
                       the text; and the tokens' text

Also the seeds of tests/fuzz/fuzz_tokenizer.cc.

Needs the package tokenizers==0.23.3. Run from the root of the repository.
"""

import json
import pathlib
import random

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

ROOT = pathlib.Path("tests/fixtures/tokenizers")
QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

CORPUS = """
A tokenizer cuts text into the pieces that a model was trained on. The pieces are numbered, and the
numbers are all that the model ever sees. It's a small program, but if it is wrong, nothing else can
be right: the model reads other words than those that were written, and nobody can tell why.
We've trained this one on a page of text, so that it's small enough to be kept beside the tests.
I'm sure you'll find that they don't know many words; the letters, then, have to do. She'd say so.
def merge(left, right):\n    return left + right  # the leftmost of equals goes first\n
int main(int argc, char** argv) {\n\tfor (int i = 0; i < 10; ++i) {\n\t\tprintf("%d\\n", i);\n\t}\n}
In 2024 there were 1234567 tokens, 12.5 % of them numbers; 100 of 1000, or 3.14159 and 2.71828.
Привет, мир! Как дела? Это маленький текст на русском языке.
Ein Wörterbuch für Prüfungen: größer, schöner, über alles. Où est la bibliothèque? Ça va très bien.
你好，世界！今天天气很好。日本語のテキスト、カタカナとひらがな。안녕하세요 세계
مرحبا بالعالم नमस्ते दुनिया 👍 🙂 👩‍👩‍👧
""" * 3

WORDS = ["the", "model", "It's", "WE'VE", "I'M", "don't", "tokenizer", "naïve", "Größe", "привет",
         "世界", "テキスト", "가나다", "e\u0301", "a\u0323\u0301", "ﬁ", "Å", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "1", "42",
         "123456", "3.14", "٣٤٥", "½", "{", "}", "()", "->", "!=", "...", "—", "“x”", "<|im_start|>",
         "<|im_end|>", "<|im_", "<|endoftext|>", "▁", "<0x0A>", "</s>", "<tool>", "\u0000", "\u200d",
         "𝔘", "\U00010ffff"[:1], "ſ", "'ſ", "x'S", "ǅ", "ß", "\ufeff", "\ufffd"]
SPACES = [" ", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n ", "\u00a0", "\u3000",
          "\u180e", "\u0085", "", ""]


def texts():
    rng = random.Random(4)
    result = ["", " ", "  ", "\n", "a", " a", "a ", "Hello, world!", "\r\n\r\n  x", "'s 'S 'LL",
              "1234567890", "   leading", "trailing   ", "\u0301", "e\u0301" * 5, "aaaaaaaaaaaa" * 8]
    result += [line for line in CORPUS.split("\n") if line][:16]
    for _ in range(260):
        parts = []
        for _ in range(rng.randint(1, 7)):
            parts += [rng.choice(WORDS), rng.choice(SPACES)]
        result.append("".join(parts))
    return result


def byte_level(pattern, normalizer):
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS.split("\n"), trainers.BpeTrainer(
        vocab_size=700, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return json.loads(tokenizer.to_str())


def sentencepiece():
    """Pieces in the order of their scores, all ways to make each, and the bytes to fall back to."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(CORPUS.split("\n"), trainers.BpeTrainer(
        vocab_size=640, show_progress=False))
    trained = tokenizer.get_vocab()
    pieces = sorted((piece for piece in trained if len(piece) > 1), key=trained.get)
    letters = sorted(piece for piece in trained if len(piece) == 1)
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + pieces + letters
    ids = {name: i for i, name in enumerate(names)}
    merges = [[piece[:i], piece[i:]] for piece in pieces for i in range(1, len(piece))
              if piece[:i] in ids and piece[i:] in ids]
    result = json.loads(tokenizer.to_str())
    result["model"].update(vocab=ids, merges=merges, byte_fallback=True, fuse_unk=True,
                           unk_token="<unk>")
    result["added_tokens"] = [
        dict(id=i, content=name, special=True, normalized=False, lstrip=False, rstrip=False,
             single_word=False) for i, name in enumerate(names[:3])]
    result["pre_tokenizer"] = None
    result["normalizer"] = json.loads(normalizers.Sequence([
        normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]).__getstate__())
    result["decoder"] = json.loads(decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)]).__getstate__())
    result["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                   {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
    return result


def write(name, content):
    source = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (ROOT / f"{name}.json").write_text(source, encoding="utf-8")
    tokenizer = Tokenizer.from_str(source)
    expected = dict(texts=texts(), ids=[], offsets=[], decoded=[])
    for text in expected["texts"]:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        at = [0]
        for character in text:
            at.append(at[-1] + len(character.encode()))
        expected["ids"].append(encoding.ids)
        changed = name == "qwen" and tokenizer.normalizer.normalize_str(text) != text
        expected["offsets"].append(
            None if changed else [[at[a], at[b]] for a, b in encoding.offsets])
        expected["decoded"].append(tokenizer.decode(encoding.ids, skip_special_tokens=False))
    (ROOT / f"{name}.expected.json").write_text(
        json.dumps(expected, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def write_fuzz_seeds():
    """One small tokenizer of each kind, a zero byte, and text."""
    byte_level = {
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3}, "merges": ["a b"],
                  "ignore_merges": True},
        "added_tokens": [{"id": 4, "content": "<|x|>", "special": True, "rstrip": True},
                         {"id": 5, "content": "word", "normalized": True, "single_word": True}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "\\p{L}+|[^\\s]+"}, "behavior": "Isolated"},
            {"type": "ByteLevel", "add_prefix_space": True}]},
        "decoder": {"type": "ByteLevel"},
        "config": {"bos_token": "<|x|>", "add_bos_token": True}}
    pieces = {
        "model": {"vocab": {"<unk>": 0, "▁": 1, "a": 2, "▁a": 3, "<0x0A>": 4},
                  "merges": [["▁", "a"]], "byte_fallback": True, "fuse_unk": True,
                  "unk_token": "<unk>"},
        "pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "first", "split": True},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}}
    gguf = {"tokenizer.ggml.model": "llama",
            "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", "a", "ab", "<0x0A>"],
            "tokenizer.ggml.token_type": [2, 3, 3, 1, 1, 6],
            "tokenizer.ggml.scores": [0, 0, 0, -1, -2, 0]}
    folder = pathlib.Path("tests/fuzz/corpus/fuzz_tokenizer")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("bytes", byte_level), ("pieces", pieces), ("gguf", gguf)):
        source = json.dumps(content, ensure_ascii=False).encode()
        (folder / name).write_bytes(source + b"\0ab <|x|> \xff word\n a\xcc\x81")


def main():
    ROOT.mkdir(parents=True, exist_ok=True)
    write("qwen", byte_level(QWEN, normalizers.NFC()))
    write("llama3", byte_level(LLAMA3, None))
    write("sentencepiece", sentencepiece())
    write_fuzz_seeds()


if __name__ == "__main__":
    main()
