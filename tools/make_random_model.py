#!/usr/bin/env python3
"""Writes a model with a real model's shapes and random weights: make_random_model.py NAME OUTPUT.

For measuring speed where no weights can be had, or need not be: OUTPUT.gguf becomes a GGUF file in
BF16 (norms and routers in float32, as the authors' converter writes them), any other OUTPUT a
directory as the transformers library saves one (config.json, model.safetensors, tokenizer files).
Both hold the same numbers: every tensor has its own seed, made of its name. Tensors are written one
by one, so no more than one (the largest expert tensor: 0.8 GB) is in memory.

The tokenizer is byte-level BPE with a handful of merges; the rest of the vocabulary is filled with
tokens that no text gives. Needs gguf==0.19.0 and numpy for a GGUF file, numpy alone for a directory.
"""
import argparse
import json
import pathlib
import struct
import sys
import zlib
from dataclasses import dataclass

import numpy as np

CONTEXT = 40960
ROPE_THETA = 1e6
EPSILON = 1e-6
ROWS_AT_ONCE = 1 << 14  # of a matrix, while its numbers are drawn


@dataclass(frozen=True)
class Shape:
    layers: int
    width: int
    hidden: int  # of one expert where there are experts
    heads: int
    kv_heads: int
    head_dim: int = 128
    vocabulary: int = 151936
    experts: int = 0
    active: int = 0
    tied: bool = True


SHAPES = {
    "qwen3-0.6b": Shape(28, 1024, 3072, 16, 8),
    "qwen3-1.7b": Shape(28, 2048, 6144, 16, 8),
    "qwen3-4b": Shape(36, 2560, 9728, 32, 8),
    # The authors' Qwen3-30B-A3B has 48 layers; eight of them cost what eight layers cost.
    "qwen3-30b-a3b-8l": Shape(8, 2048, 768, 32, 4, experts=128, active=8, tied=False),
    "tiny": Shape(2, 256, 512, 4, 2, 64, 512),
    "tiny-moe": Shape(2, 256, 256, 4, 2, 64, 512, experts=8, active=2, tied=False),
}


@dataclass(frozen=True)
class Tensor:
    gguf: str
    hugging_face: str  # with {expert} when GGUF stacks the experts
    rows: int          # 0: a vector
    columns: int
    experts: int = 0

    @property
    def plain(self):  # float32 in GGUF: vectors and routers
        return self.rows == 0 or ".ffn_gate_inp." in self.gguf


def layer_tensors(shape, i):
    def vector(gguf, name, size):
        return Tensor(f"blk.{i}.{gguf}.weight", f"model.layers.{i}.{name}.weight", 0, size)

    def matrix(gguf, name, rows, columns, experts=0):
        return Tensor(f"blk.{i}.{gguf}.weight", f"model.layers.{i}.{name}.weight", rows, columns,
                      experts)

    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    yield vector("attn_norm", "input_layernorm", shape.width)
    yield matrix("attn_q", "self_attn.q_proj", q, shape.width)
    yield matrix("attn_k", "self_attn.k_proj", kv, shape.width)
    yield matrix("attn_v", "self_attn.v_proj", kv, shape.width)
    yield vector("attn_q_norm", "self_attn.q_norm", shape.head_dim)
    yield vector("attn_k_norm", "self_attn.k_norm", shape.head_dim)
    yield matrix("attn_output", "self_attn.o_proj", shape.width, q)
    yield vector("ffn_norm", "post_attention_layernorm", shape.width)
    feedforward = [("gate", shape.hidden, shape.width), ("up", shape.hidden, shape.width),
                   ("down", shape.width, shape.hidden)]
    if shape.experts:
        yield matrix("ffn_gate_inp", "mlp.gate", shape.experts, shape.width)
    for name, rows, columns in feedforward:
        if shape.experts:
            yield matrix(f"ffn_{name}_exps", f"mlp.experts.{{expert}}.{name}_proj", rows, columns,
                         shape.experts)
        else:
            yield matrix(f"ffn_{name}", f"mlp.{name}_proj", rows, columns)


def tensors(shape):
    yield Tensor("token_embd.weight", "model.embed_tokens.weight", shape.vocabulary, shape.width)
    for i in range(shape.layers):
        yield from layer_tensors(shape, i)
    yield Tensor("output_norm.weight", "model.norm.weight", 0, shape.width)
    if not shape.tied:
        yield Tensor("output.weight", "lm_head.weight", shape.vocabulary, shape.width)


def bf16(values):
    """The upper halves of float32, rounded to nearest even."""
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def numbers(tensor, expert, seed):
    """Float32 of one tensor or one of its experts; already rounded to what BF16 holds."""
    name = tensor.hugging_face.format(expert=expert)
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if tensor.rows == 0:
        drawn = 1 + 0.05 * random.standard_normal(tensor.columns, dtype=np.float32)
        return (bf16(drawn.astype(np.float32)).astype(np.uint32) << 16).view(np.float32)
    deviation = np.float32(np.clip(tensor.columns**-0.5, 0.02, 0.05))
    out = np.empty((tensor.rows, tensor.columns), np.uint16)
    for begin in range(0, tensor.rows, ROWS_AT_ONCE):
        part = out[begin : begin + ROWS_AT_ONCE]
        part[:] = bf16(random.standard_normal(part.shape, dtype=np.float32) * deviation)
    return out


def as_float32(values):
    if values.dtype == np.uint16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values


# ---- tokenizer ---------------------------------------------------------------------------------

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT = ("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")


def byte_letters():
    """GPT-2's printable stand-in for every byte."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in kept else chr(next(spare)) for byte in range(256)]


def vocabulary(size):
    """(tokens, merges): bytes, some pairs, filling, special tokens last."""
    tokens = byte_letters()
    merges = []
    for pair in ["t h", "h e", "i n", "e r", "a n", "r e", "o n", "Ġ t", "Ġ a", "th e", "Ġt he"]:
        left, right = pair.split()
        if left + right not in tokens:
            tokens.append(left + right)
        merges.append(pair)
    tokens += [f"<unused{i}>" for i in range(size - len(tokens) - len(SPECIAL))]
    return tokens + SPECIAL, merges


def token_types(tokens):
    """GGUF's: 1 normal, 3 control, 5 unused."""
    return [3 if token in SPECIAL else 5 if token.startswith("<unused") else 1 for token in tokens]


# ---- GGUF --------------------------------------------------------------------------------------

def describe_gguf(writer, name, shape, gguf):
    writer.add_name(f"{name}, random weights")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_freq_base(ROPE_THETA)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.active)
        writer.add_expert_feed_forward_length(shape.hidden)
    tokens, merges = vocabulary(shape.vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(token_types(tokens))
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT)


def write_gguf(name, shape, path, seed):
    import gguf
    types = gguf.GGMLQuantizationType
    writer = gguf.GGUFWriter(path, "qwen3moe" if shape.experts else "qwen3")
    describe_gguf(writer, name, shape, gguf)
    for tensor in tensors(shape):
        dimensions = [size for size in (tensor.experts, tensor.rows, tensor.columns) if size]
        count = int(np.prod(dimensions, dtype=np.int64))
        writer.add_tensor_info(tensor.gguf, dimensions, np.dtype(np.float32),
                               count * (4 if tensor.plain else 2),
                               raw_dtype=types.F32 if tensor.plain else types.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in tensors(shape):
        if tensor.experts:
            data = np.stack([numbers(tensor, e, seed) for e in range(tensor.experts)])
        else:
            data = numbers(tensor, None, seed)
        writer.write_tensor_data(as_float32(data) if tensor.plain else data)
    writer.close()


# ---- a directory as transformers saves one -----------------------------------------------------

def config(shape):
    described = {
        "architectures": ["Qwen3MoeForCausalLM" if shape.experts else "Qwen3ForCausalLM"],
        "model_type": "qwen3_moe" if shape.experts else "qwen3",
        "hidden_size": shape.width, "intermediate_size": shape.hidden,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads, "head_dim": shape.head_dim,
        "vocab_size": shape.vocabulary, "max_position_embeddings": CONTEXT,
        "rms_norm_eps": EPSILON, "rope_theta": ROPE_THETA, "hidden_act": "silu",
        "attention_bias": False, "tie_word_embeddings": shape.tied, "torch_dtype": "bfloat16",
        "eos_token_id": shape.vocabulary - 1, "pad_token_id": shape.vocabulary - 3,
    }
    if shape.experts:
        described |= {"num_experts": shape.experts, "num_experts_per_tok": shape.active,
                      "moe_intermediate_size": shape.hidden, "norm_topk_prob": True,
                      "decoder_sparse_step": 1, "mlp_only_layers": []}
    return described


def tokenizer_json(shape):
    tokens, merges = vocabulary(shape.vocabulary)
    added = [{"id": tokens.index(token), "content": token, "single_word": False, "lstrip": False,
              "rstrip": False, "normalized": False, "special": True} for token in SPECIAL]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
                          "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
                    "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False,
                  "byte_fallback": False, "ignore_merges": False,
                  "vocab": {t: i for i, t in enumerate(tokens) if t not in SPECIAL},
                  "merges": [pair.split() for pair in merges]},
    }


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def safetensors_header(shape):
    """The header's bytes, and (tensor, expert) in the order of the data."""
    header, order, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for tensor in tensors(shape):
        for expert in range(tensor.experts or 1):
            dimensions = [size for size in (tensor.rows, tensor.columns) if size]
            size = 2 * int(np.prod(dimensions, dtype=np.int64))
            name = tensor.hugging_face.format(expert=expert)
            header[name] = {"dtype": "BF16", "shape": dimensions,
                            "data_offsets": [offset, offset + size]}
            order.append((tensor, expert))
            offset += size
    text = json.dumps(header).encode()
    return text + b" " * (-len(text) % 8), order


def write_directory(shape, path, seed):
    path.mkdir(parents=True, exist_ok=True)
    write_json(path / "config.json", config(shape))
    write_json(path / "tokenizer.json", tokenizer_json(shape))
    write_json(path / "tokenizer_config.json",
               {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>",
                "pad_token": "<|endoftext|>", "model_max_length": CONTEXT,
                "clean_up_tokenization_spaces": False, "chat_template": CHAT})
    write_json(path / "generation_config.json",
               {"eos_token_id": shape.vocabulary - 1, "pad_token_id": shape.vocabulary - 3})
    header, order = safetensors_header(shape)
    with open(path / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for tensor, expert in order:
            values = numbers(tensor, expert, seed)
            (values if values.dtype == np.uint16 else bf16(values)).tofile(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(SHAPES))
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    shape = SHAPES[arguments.name]
    if arguments.output.suffix == ".gguf":
        write_gguf(arguments.name, shape, arguments.output, arguments.seed)
    else:
        write_directory(shape, arguments.output, arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
