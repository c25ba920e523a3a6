"""Writes GGUF files byte by byte, right or wrong on purpose. Standard library only.

Layout after the published specification: magic, version, tensor count, metadata count, metadata,
tensor descriptions, padding to the alignment, tensor data.
"""
import struct

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
PACKING = {U8: "<B", I8: "<b", U16: "<H", I16: "<h", U32: "<I", I32: "<i", F32: "<f", BOOL: "<?",
           U64: "<Q", I64: "<q", F64: "<d"}
F32_TENSOR = 0


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, content):
    if kind == STRING:
        return text(content)
    if isinstance(kind, tuple):  # (ARRAY, element kind)
        element = kind[1]
        body = b"".join(value(element, item) for item in content)
        return struct.pack("<IQ", element, len(content)) + body
    return struct.pack(PACKING[kind], content)


def entry(key, kind, content):
    number = ARRAY if isinstance(kind, tuple) else kind
    return text(key) + struct.pack("<I", number) + value(kind, content)


class Gguf:
    def __init__(self):
        self.metadata = []  # (key, kind, content)
        self.tensors = []   # (name, dimensions innermost first, type, bytes)
        self.version = 3
        self.magic = b"GGUF"
        self.counts = None  # (tensors, metadata) when they shall lie
        self.alignment = 32

    def set(self, key, kind, content):
        self.metadata = [item for item in self.metadata if item[0] != key]
        self.metadata.append((key, kind, content))
        return self

    def drop(self, key):
        self.metadata = [item for item in self.metadata if item[0] != key]
        return self

    def add(self, name, dimensions, data, kind=F32_TENSOR):
        self.tensors.append((name, dimensions, kind, data))
        return self

    def floats(self, name, dimensions):
        """A tensor of small numbers that depend on name and place."""
        count = 1
        for extent in dimensions:
            count *= extent
        seed = sum(name.encode())
        numbers = [((seed * 31 + i * 17) % 23 - 11) / 64 for i in range(count)]
        return self.add(name, dimensions, struct.pack(f"<{count}f", *numbers))

    def bytes(self):
        counts = self.counts or (len(self.tensors), len(self.metadata))
        out = self.magic + struct.pack("<IQQ", self.version, *counts)
        out += b"".join(entry(*item) for item in self.metadata)
        data, offset = b"", 0
        for name, dimensions, kind, content in self.tensors:
            out += text(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
            out += struct.pack("<IQ", kind, offset)
            content += b"\0" * (-len(content) % self.alignment)
            data += content
            offset += len(content)
        return out + b"\0" * (-len(out) % self.alignment) + data


# One token for each byte and a few merged ones, as byte-level BPE writes them.
def byte_letters():
    """GPT-2's printable stand-in for every byte."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {}, 0
    for byte in range(256):
        if byte in kept:
            letters[byte] = chr(byte)
        else:
            letters[byte] = chr(256 + extra)
            extra += 1
    return letters


def tiny_llama():
    """A llama of two layers with random-looking weights and a byte-level tokenizer; it loads and runs."""
    letters = byte_letters()
    tokens = [letters[b] for b in range(256)] + ["he", "ll", "hell", "<|end|>"]
    width, heads, kv_heads, hidden, layers, vocabulary = 16, 2, 1, 24, 2, len(tokens)
    model = Gguf()
    model.set("general.architecture", STRING, "llama").set("general.name", STRING, "tiny")
    for key, number in [("context_length", 64), ("embedding_length", width), ("block_count", layers),
                        ("feed_forward_length", hidden), ("attention.head_count", heads),
                        ("attention.head_count_kv", kv_heads), ("rope.dimension_count", width // heads),
                        ("vocab_size", vocabulary)]:
        model.set("llama." + key, U32, number)
    model.set("llama.attention.layer_norm_rms_epsilon", F32, 1e-5)
    model.set("tokenizer.ggml.model", STRING, "gpt2").set("tokenizer.ggml.pre", STRING, "gpt-2")
    model.set("tokenizer.ggml.tokens", (ARRAY, STRING), tokens)
    model.set("tokenizer.ggml.token_type", (ARRAY, I32), [1] * (vocabulary - 1) + [3])
    model.set("tokenizer.ggml.merges", (ARRAY, STRING), ["h e", "l l", "he ll"])
    model.set("tokenizer.ggml.eos_token_id", U32, vocabulary - 1)
    model.set("tokenizer.chat_template", STRING,
              "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:")
    model.floats("token_embd.weight", [width, vocabulary]).floats("output_norm.weight", [width])
    for i in range(layers):
        kv_width = width // heads * kv_heads
        for name, shape in [("attn_norm", [width]), ("attn_q", [width, width]), ("attn_k", [width, kv_width]),
                            ("attn_v", [width, kv_width]), ("attn_output", [width, width]), ("ffn_norm", [width]),
                            ("ffn_gate", [width, hidden]), ("ffn_up", [width, hidden]), ("ffn_down", [hidden, width])]:
            model.floats(f"blk.{i}.{name}.weight", shape)
    return model
