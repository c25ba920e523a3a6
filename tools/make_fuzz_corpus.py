#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets of src/matter/formats and base/json to tests/fuzz/corpus.

Each is small, made here, and exercises one thing: a value type, a tensor type, a split, an odd
header. Run it again after a change of the formats; it replaces only the targets it names.
"""

import json
import pathlib
import shutil
import struct

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fuzz" / "corpus"

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?",
         U64: "Q", I64: "q", F64: "d"}
# GGUF number of a tensor type: elements and bytes of a block.
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 8: (32, 34), 12: (256, 144), 14: (256, 210),
          16: (256, 66), 30: (1, 2), 39: (32, 17)}


def gguf_string(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def gguf_value(kind, value):
    if kind == STRING:
        return gguf_string(value)
    if kind == ARRAY:
        element, items = value
        body = b"".join(gguf_value(element, item) for item in items)
        return struct.pack("<IQ", element, len(items)) + body
    return struct.pack("<" + CODES[kind], value)


def gguf(pairs, tensors, version=3, alignment=32):
    """pairs: (key, kind, value); tensors: (name, extents innermost first, type)."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs))
    for key, kind, value in pairs:
        head += gguf_string(key) + struct.pack("<I", kind) + gguf_value(kind, value)
    data = b""
    for name, extents, kind in tensors:
        data += b"\0" * (-len(data) % alignment)
        head += gguf_string(name) + struct.pack("<I", len(extents))
        head += b"".join(struct.pack("<Q", extent) for extent in extents)
        head += struct.pack("<IQ", kind, len(data))
        elements = 1
        for extent in extents:
            elements *= extent
        per_block, block_bytes = BLOCKS[kind]
        data += bytes(i % 251 for i in range(elements // per_block * block_bytes))
    return head + b"\0" * (-len(head) % alignment) + data


def gguf_seeds():
    every_kind = [(f"k{kind}", kind, 1) for kind in CODES]
    llama = [("general.architecture", STRING, "llama"), ("llama.block_count", U32, 1),
             ("tokenizer.ggml.tokens", ARRAY, (STRING, ["<s>", "a", "\u00fc", b"\xff"])),
             ("tokenizer.ggml.scores", ARRAY, (F32, [0.0, -1.0, 0.5]))]
    return {
        "every_kind": gguf(every_kind, []),
        "version_2": gguf(llama, [("t", [2], 0)], version=2),
        "tensor_types": gguf(llama, [(f"t{kind}", [BLOCKS[kind][0], 1], kind) for kind in BLOCKS]),
        "dimensions": gguf([], [("s", [], 0), ("a", [1], 0), ("b", [2, 1, 1, 2], 1)]),
        "nested": gguf([("n", ARRAY, (ARRAY, [(U8, [1, 2]), (STRING, ["x"])]))], []),
        "aligned_64": gguf([("general.alignment", U32, 64)], [("a", [1], 0), ("b", [1], 0)],
                           alignment=64),
        "split": gguf([("split.no", U16, 0), ("split.count", U16, 2),
                       ("split.tensors.count", I32, 4)], [("a", [4], 0)]),
        "big_endian": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    }


def safetensors(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_seeds():
    return {
        "two": safetensors({"__metadata__": {"format": "pt"}, "a": entry("F32", [2, 1], 0, 8),
                            "b": entry("BF16", [3], 8, 14)}, bytes(14)),
        "scalar_and_empty": safetensors({"s": entry("I64", [], 0, 8),
                                         "e": entry("F16", [0, 4], 8, 8)}, bytes(8)),
        "padded": safetensors(b"{}      ", b""),
        "small_types": safetensors({"f": entry("F4", [4], 0, 2), "g": entry("F6_E2M3", [4], 2, 5),
                                    "h": entry("F8_E4M3", [1], 5, 6)}, bytes(6)),
        "overlap": safetensors({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)}, bytes(6)),
        "overflow": safetensors({"a": entry("F32", [2**62, 2**62], 0, 4)}, bytes(4)),
    }


def index_seeds():
    weights = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    return {
        "two": json.dumps({"metadata": {"total_size": 8}, "weight_map": weights}).encode(),
        "traversal": b'{"weight_map":{"a":"../x.safetensors","b":"/etc/x.safetensors"}}',
        "wrong": b'{"weight_map":{"a":1}}',
    }


def json_seeds():
    return {
        "kinds": b'{"a":[1,-2,3.5,1e300,true,false,null,"x"],"b":{}}',
        "escapes": rb'"\u00e4\ud83d\ude00\n\\\"\/"',
        "numbers": b"[9223372036854775807,-9223372036854775808,18446744073709551615,-0.0,1e-320]",
        "nested": b"[" * 20 + b"]" * 20,
        "twice": b'{"a":1,"a":2}',
        "cut": b'{"a":[1,2',
    }


def card_seeds():
    return {
        "plain": b"---\nlicense: apache-2.0\ntags:\n- x\n---\n# Model\n",
        "other": b"---\nlicense: other\nlicense_name: 'qwen'\r\n---\n",
        "none": b"# Model\nlicense: mit\n",
    }


def main():
    targets = {"fuzz_gguf": gguf_seeds(), "fuzz_safetensors": safetensors_seeds(),
               "fuzz_safetensors_index": index_seeds(), "fuzz_json": json_seeds(),
               "fuzz_model_card": card_seeds()}
    for target, seeds in targets.items():
        folder = CORPUS / target
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in seeds.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
