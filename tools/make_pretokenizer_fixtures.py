#!/usr/bin/env python3
"""Writes tests/fixtures/tokenizers/pretokenizers.expected.json: where published rules cut text.

    {"texts": […], "cuts": {NAME: [[bytes of each part], …]}}

NAME is what a GGUF file calls the rules in `tokenizer.ggml.pre`. The rules stand below as the
models' own tokenizer.json or tokenizer code has them; they are run by the package `tokenizers`
(Oniguruma) and checked here against `regex`, an independent engine, and those of vocabularies that
were published for tiktoken against `tiktoken` (Rust) too. Texts are in NFC: normalizing comes
before cutting and has its own tests.

Needs the packages tokenizers==0.23.3, regex==2026.11.19 and tiktoken==0.14.0. Run from the root of
the repository.
"""

import json
import pathlib
import unicodedata

import regex
import tiktoken
from make_tokenizer_fixtures import texts
from tokenizers import Regex, pre_tokenizers

OUT = pathlib.Path("tests/fixtures/tokenizers/pretokenizers.expected.json")

ENGLISH = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
PUNCTUATION = r"| ?[^\s\p{L}\p{N}]+[\r\n]*"


def gpt4(number):
    return ENGLISH + r"|[^\r\n\p{L}\p{N}]?\p{L}+|" + number + PUNCTUATION + SPACES


def camel(without, contraction, number, slash):
    upper = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}" + without + "]"
    lower = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}" + without + "]"
    lead = r"[^\r\n\p{L}\p{N}]?"
    return (f"{lead}{upper}*{lower}+{contraction}|{lead}{upper}+{lower}*{contraction}|{number}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n" + slash + "]*" + SPACES)


DEEPSEEK_V3 = [r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
               r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"""
               r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + SPACES]
KIMI = r"[\p{Han}]+|" + camel(r"&&[^\p{Han}]", ENGLISH + "?", r"\p{N}{1,3}", "")
RULES = {
    "gpt-2": [GPT2],
    "smollm": [r"\p{N}", GPT2],
    "exaone": [r"\p{N}", GPT2],
    "llama-bpe": [gpt4(r"\p{N}{1,3}")],
    "smaug-bpe": [gpt4(r"\p{N}{1,3}")],
    "qwen2": [gpt4(r"\p{N}")],
    "deepseek-r1-qwen": [gpt4(r"\p{N}")],
    "hunyuan": [gpt4(r"\p{N}")],
    "stablelm2": [gpt4(r"\p{N}")],
    "minicpm5": [r"\p{N}{1,3}", gpt4(r"\p{N}+")],
    "seed-coder": [ENGLISH + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+" + SPACES],
    "bailingmoe": [r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}"
                   r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", r"\p{N}"],
    "deepseek-v3": DEEPSEEK_V3,
    "hunyuan-dense": DEEPSEEK_V3,
    "gpt-4o": [camel("", ENGLISH + "?", r"\p{N}{1,3}", "/")],
    "minimax-m2": [camel("", ENGLISH + "?", r"\p{N}{1,3}", "/")],
    "tekken": [camel("", "", r"\p{N}", "/")],
    "kimi-k2": [KIMI],
}
TIKTOKEN = ["hunyuan", "stablelm2", "kimi-k2"]

MORE = ["中文English混排2024年。", "你好，世界！It's 3.14159元", "路径/usr/本地/bin//\n//注释", "東京タワーへ行く",
        "한국어와 中文과 English", "CamelCaseHTTPServer你好World", "a中b中c", "中'S文'll", "々〆〇㐀𠀀𰀀",
        "۱۲۳۴۵۶۷ १२३४ ⅫⅣ ①②③", "x=1234567,y=89\n\n\tz", "!hello ?world (foo) //bar/\n/baz",
        "don't DON'T Don'T l'été", "\n\n\n  \n x", "…！？——“引号”", "🙂🙂 👩‍👩‍👧中👍🏽", "ＦＵＬＬwidth１２３"]


def by_tokenizers(rules, text):
    steps = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r), "isolated") for r in rules])
    return [part for part, _ in steps.pre_tokenize_str(text)]


def by_regex(rules, text):
    parts = [text]
    for rule in rules:
        compiled = regex.compile(rule, regex.V1)
        cut = []
        for part in parts:
            at = 0
            for match in compiled.finditer(part):
                cut += [part[at:match.start()], match.group()]
                at = match.end()
            cut.append(part[at:])
        parts = [part for part in cut if part]
    return parts


def by_tiktoken(rules, text):
    """Tokens of a vocabulary in which each part is one token, and single bytes are the others."""
    known = {part.encode() for part in by_tokenizers(rules, text)}
    tokens = [bytes([b]) for b in range(256)] + sorted(t for t in known if len(t) > 1)
    encoding = tiktoken.Encoding("cut", pat_str=rules[0], special_tokens={},
                                 mergeable_ranks={token: i for i, token in enumerate(tokens)})
    return [token.decode("utf-8", "replace")
            for token in encoding.decode_tokens_bytes(encoding.encode_ordinary(text))]


def main():
    source = sorted({unicodedata.normalize("NFC", text) for text in texts() + MORE} - {""})
    cuts = {}
    for name, rules in RULES.items():
        cuts[name] = []
        for text in source:
            parts = by_tokenizers(rules, text)
            assert "".join(parts) == text, (name, text)
            assert parts == by_regex(rules, text), (name, text)
            assert name not in TIKTOKEN or parts == by_tiktoken(rules, text), (name, text)
            cuts[name].append([len(part.encode()) for part in parts])
    OUT.write_text(json.dumps({"texts": source, "cuts": cuts}, ensure_ascii=False,
                              separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
