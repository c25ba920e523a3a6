#!/usr/bin/env python3
"""Broken and hostile models end with exit code 4 and a message that says what is wrong: no crash, no hang, no gigabyte."""
import json
import struct
import tempfile
import unittest

import gguf_writer as gguf
from program import run, write

MAX_SECONDS = 10
MAX_RESIDENT_BYTES = 400 << 20
SCORE = ("--tokens", "1,2,3", "--json")


class MalformedModels(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def refuse(self, content, *words, verb=("score", *SCORE), name="model.gguf"):
        path = write(self.folder.name, name, content)
        self.refuse_path(path if name == "model.gguf" else path.parent, *words, verb=verb)

    def refuse_path(self, path, *words, verb=("score", *SCORE), stdin=b""):
        place = ("--model", path) if verb[0] != "inspect" else (path,)
        outcome = run(verb[0], *place, *verb[1:], stdin=stdin, timeout=MAX_SECONDS)
        self.assertEqual(outcome.code, 4, outcome)
        message = outcome.json()["error"]["message"]
        for word in words:
            self.assertIn(word, message)
        self.assertLess(outcome.resident_bytes, MAX_RESIDENT_BYTES, outcome)

    def test_the_tiny_model_itself_is_fine(self):
        path = write(self.folder.name, "model.gguf", gguf.tiny_llama().bytes())
        outcome = run("score", "--model", path, *SCORE)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(len(outcome.json()["tokens"]), 3)

    def test_truncation_anywhere(self):
        whole = gguf.tiny_llama().bytes()
        for share in range(0, 100, 4):
            content = whole[: len(whole) * share // 100]
            self.refuse(content, verb=("inspect", "--json"))

    def test_huge_counts(self):
        for counts in [(2**63, 1), (2**64 - 1, 2**64 - 1), (1, 2**40), (2**32, 0)]:
            model = gguf.tiny_llama()
            model.counts = counts
            self.refuse(model.bytes(), "byte")

    def test_a_string_longer_than_the_file(self):
        head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62) + b"key"
        self.refuse(head, "byte")

    def test_an_array_longer_than_the_file(self):
        head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + gguf.text("a") + struct.pack("<IIQ", gguf.ARRAY, gguf.U64, 2**61)
        self.refuse(head, "byte")

    def test_arrays_within_arrays_without_end(self):
        head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + gguf.text("a") + struct.pack("<I", gguf.ARRAY)
        self.refuse(head + struct.pack("<IQ", gguf.ARRAY, 1) * 100_000)

    def test_sizes_that_overflow(self):
        for dimensions in [[2**32, 2**32], [2**63, 2], [2**62, 4, 1, 1], [0, 16], [2**40, 2**20]]:
            model = gguf.tiny_llama()
            model.tensors[0] = ("token_embd.weight", dimensions, 0, b"\0" * 64)
            self.refuse(model.bytes(), "token_embd.weight")

    def test_wrong_magic_version_and_types(self):
        for change in [("magic", b"GGML"), ("version", 99), ("version", 0)]:
            model = gguf.tiny_llama()
            setattr(model, *change)
            self.refuse(model.bytes())
        model = gguf.tiny_llama()
        name, dimensions, _, data = model.tensors[0]
        model.tensors[0] = (name, dimensions, 9999, data)
        self.refuse(model.bytes(), "token_embd.weight")

    def test_missing_and_misshapen_tensors_are_named(self):
        model = gguf.tiny_llama()
        model.tensors = [t for t in model.tensors if t[0] != "blk.1.ffn_up.weight"]
        self.refuse(model.bytes(), "blk.1.ffn_up.weight")
        model = gguf.tiny_llama()
        model.tensors = [t for t in model.tensors if t[0] != "blk.0.attn_q.weight"]
        model.floats("blk.0.attn_q.weight", [16, 8])
        self.refuse(model.bytes(), "blk.0.attn_q.weight")

    def test_numbers_that_make_no_model(self):
        for key, number in [("llama.block_count", 0), ("llama.block_count", 4_000_000_000), ("llama.attention.head_count", 0),
                            ("llama.attention.head_count", 3), ("llama.embedding_length", 0),
                            ("llama.embedding_length", 2**32 - 1), ("llama.attention.head_count_kv", 7)]:
            self.refuse(gguf.tiny_llama().set(key, gguf.U32, number).bytes())
        self.refuse(gguf.tiny_llama().drop("llama.block_count").bytes(), "llama.block_count")
        self.refuse(gguf.tiny_llama().set("general.architecture", gguf.STRING, "nonesuch").bytes(), "nonesuch")

    def test_missing_or_inconsistent_tokenizer_data(self):
        tokenize = ("tokenize", "--json")
        for key in ["tokenizer.ggml.tokens", "tokenizer.ggml.merges"]:
            self.refuse(gguf.tiny_llama().drop(key).bytes(), key, verb=tokenize)
        self.refuse(gguf.tiny_llama().set("tokenizer.ggml.merges", (gguf.ARRAY, gguf.STRING), ["he nonesuch"]).bytes(),
                    verb=tokenize)
        self.refuse(gguf.tiny_llama().set("tokenizer.ggml.token_type", (gguf.ARRAY, gguf.I32), [1]).bytes(), verb=tokenize)
        self.refuse(gguf.tiny_llama().set("tokenizer.ggml.eos_token_id", gguf.U32, 10**6).bytes(), verb=tokenize)
        self.refuse(gguf.tiny_llama().set("tokenizer.ggml.model", gguf.STRING, "nonesuch").bytes(), "nonesuch", verb=tokenize)

    def test_templates_that_loop_climb_or_grow(self):
        request = json.dumps({"messages": [{"role": "user", "content": "hi"}]})
        for source in ["{% for i in range(100000) %}{% for j in range(100000) %}{{ i }}{% endfor %}{% endfor %}",
                       "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                       "{{ ''.__class__.__mro__ }}", "{{ messages.__init__.__globals__ }}",
                       "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
                       "{{ 'a' * 10000000000 }}", "{{ range(10**12) | list }}", "{% if %}", "{{ " + "(" * 50000 + "1" + ")" * 50000 + " }}",
                       "{% include '/etc/passwd' %}", "{{ cycler.__init__.__globals__.os.popen('id').read() }}"]:
            model = gguf.tiny_llama().set("tokenizer.chat_template", gguf.STRING, source)
            path = write(self.folder.name, "model.gguf", model.bytes())
            self.refuse_path(path, verb=("render", "--json"), stdin=request)

    def test_what_is_no_model_at_all(self):
        for content in [b"", b"\0", b"hello", b"\x80\x04\x95", b"PK\x03\x04" + b"\0" * 100, b"\x7fELF" + b"\0" * 4096]:
            self.refuse(content, verb=("inspect", "--json"))
        self.refuse_path(self.folder.name + "/missing.gguf", verb=("inspect", "--json"))
        with tempfile.TemporaryDirectory() as empty:
            self.refuse_path(empty, verb=("inspect", "--json"))

    def test_safetensors_headers_that_lie(self):
        config = json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"})
        good = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
        for header, data in [({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 8]}}, b"\0" * 8),
                             ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 2**60]}}, b"\0" * 8),
                             ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, b"\0" * 8),
                             ({"a": {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]}}, b"\0" * 8),
                             ({**good, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, b"\0" * 12),
                             (good, b""), ([], b""), ("x", b"")]:
            text = json.dumps(header).encode()
            write(self.folder.name, "st/config.json", config)
            self.refuse(struct.pack("<Q", len(text)) + text + data, verb=("inspect", "--json"), name="st/model.safetensors")
        for length in [2**63, 2**40, 0]:
            self.refuse(struct.pack("<Q", length) + b"{}", verb=("inspect", "--json"), name="st/model.safetensors")

    def test_shards_outside_their_folder(self):
        write(self.folder.name, "sh/config.json", json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"}))
        for shard in ["../outside.safetensors", "/etc/passwd", "missing.safetensors", ""]:
            self.refuse(json.dumps({"metadata": {}, "weight_map": {"a": shard}}), verb=("inspect", "--json"),
                        name="sh/model.safetensors.index.json")


if __name__ == "__main__":
    unittest.main()
