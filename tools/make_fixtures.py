#!/usr/bin/env python3
"""Writes tests/fixtures/models: tiny random checkpoints and what the authors' code computes on them.

For each variant NAME below:
  NAME/config.json, NAME/model.safetensors   as transformers saves them, float32
  NAME/gguf/model.gguf                       the same weights the way GGUF stores them (most variants)
  NAME/expected.json                         token sequences; for each the log-probability of every
                                             token given those before it, the whole distribution at
                                             a few positions, and 64 greedy tokens with the gap
                                             between the likeliest and the second at each

Needs the packages torch==2.15.0, transformers==5.24.0, safetensors==0.8.0, gguf==0.19.0 and
numpy==2.4.6. Run from the root of the repository; `make_fixtures.py NAME…` writes only those.
"""

import json
import math
import pathlib
import shutil
import sys

import gguf
import numpy as np
import torch
import transformers

VOCABULARY = 256
GREEDY = 64
ROOT = pathlib.Path("tests/fixtures/models")

SMALL = dict(
    vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
    tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, rms_norm_eps=1e-5,
)
MOE = dict(
    SMALL, head_dim=16, num_experts=8, num_experts_per_tok=3, moe_intermediate_size=16,
)


def rope(kind, theta=10000.0, **parameters):
    return dict(rope_type=kind, rope_theta=theta, **parameters)


# name: configuration class, its arguments, lengths of the sequences, rewriting of config.json
# ("old": as transformers 4 wrote it), what GGUF calls it (None: no twin)
VARIANTS = {
    "llama-tiny": ("Llama", dict(SMALL), [80], None, "llama"),
    "llama-biased": (
        "Llama",
        dict(SMALL, attention_bias=True, mlp_bias=True, head_dim=16, tie_word_embeddings=True,
             num_key_value_heads=4),
        [48], None, "llama"),
    "llama-linear": (
        "Llama", dict(SMALL, rope_parameters=rope("linear", factor=4.0)), [80], "older", "llama"),
    "llama-dynamic": (
        "Llama",
        dict(SMALL, max_position_embeddings=64, rope_parameters=rope("dynamic", factor=2.0)),
        [40, 100], "old", None),
    "llama-llama3": (
        "Llama",
        dict(SMALL, num_attention_heads=2, num_key_value_heads=1,
             rope_parameters=rope("llama3", 5000.0, factor=8.0, low_freq_factor=1.0,
                                  high_freq_factor=4.0, original_max_position_embeddings=64)),
        [100], "old", "llama"),
    "llama-yarn": (
        "Llama",
        dict(SMALL, num_attention_heads=2,
             rope_parameters=rope("yarn", factor=4.0, original_max_position_embeddings=64,
                                  attention_factor=0.9, beta_fast=8.0, beta_slow=1.0,
                                  truncate=False)),
        [100], None, None),
    "mistral-tiny": ("Mistral", dict(SMALL, sliding_window=8), [80], "old", "llama"),
    "qwen2-tiny": (
        "Qwen2",
        dict(SMALL, num_hidden_layers=3, use_sliding_window=True, sliding_window=6,
             max_window_layers=1),
        [80], None, "qwen2"),
    "qwen2-yarn": (
        "Qwen2",
        dict(SMALL, num_attention_heads=2, num_key_value_heads=2,
             rope_parameters=rope("yarn", 100000.0, factor=4.0,
                                  original_max_position_embeddings=64)),
        [100], "older", "qwen2"),
    "qwen3-tiny": ("Qwen3", dict(SMALL, head_dim=16), [80], "old", "qwen3"),
    "qwen3-tied": (
        "Qwen3",
        dict(SMALL, head_dim=16, tie_word_embeddings=True, attention_bias=True,
             rms_norm_eps=1e-3),
        [48], None, None),
    "qwen3-moe-tiny": ("Qwen3Moe", dict(MOE, norm_topk_prob=True), [80], "old", "qwen3moe"),
    "qwen3-moe-mixed": (
        "Qwen3Moe",
        dict(MOE, num_hidden_layers=3, norm_topk_prob=False, mlp_only_layers=[1],
             tie_word_embeddings=True, use_sliding_window=True, sliding_window=7),
        [60], None, "qwen3moe"),
}


def fill(model, seed):
    """Random weights that make every part of the model matter."""
    random = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=random)
        if name.endswith("norm.weight"):
            value = 1 + 0.25 * noise
        elif name.endswith("bias"):
            value = 0.3 * noise
        elif "embed_tokens" in name:
            value = noise
        else:
            value = noise * (1.6 / math.sqrt(parameter.shape[-1]))
        parameter.data.copy_(value)


def rewrite_config(path, how):
    """The same configuration as older versions of transformers wrote it."""
    config = json.loads(path.read_text())
    parameters = config.pop("rope_parameters")
    config["rope_theta"] = parameters.pop("rope_theta")
    kind = parameters.pop("rope_type")
    config["rope_scaling"] = None
    if kind != "default":
        key = "type" if how == "older" else "rope_type"
        config["rope_scaling"] = {key: kind, **parameters}
    if "dtype" in config:
        config["torch_dtype"] = config.pop("dtype")
    if "num_local_experts" in config:
        config["num_experts"] = config.pop("num_local_experts")
    path.write_text(json.dumps(config, indent=2) + "\n")


def load(folder):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def rounded(values):
    return [round(float(value), 6) for value in values]


@torch.no_grad()
def expect(folder, tokens):
    """What the model makes of one sequence. Loaded anew: dynamic scaling remembers lengths."""
    model = load(folder)
    output = model(torch.tensor([tokens]), use_cache=True)
    distributions = torch.log_softmax(output.logits[0].double(), dim=-1)
    whole = sorted({0, len(tokens) // 2, len(tokens) - 1})
    greedy, gaps = [], []
    logits, cache = output.logits[0, -1], output.past_key_values
    for _ in range(GREEDY):
        best, second = torch.topk(logits.double(), 2).values
        greedy.append(int(torch.argmax(logits)))
        gaps.append(float(best - second))
        output = model(torch.tensor([greedy[-1:]]), cache=cache, use_cache=True)
        logits, cache = output.logits[0, -1], output.past_key_values
    return {
        "tokens": tokens,
        "logprobs": rounded(distributions[i - 1, tokens[i]] for i in range(1, len(tokens))),
        "whole": [{"position": i, "logprobs": rounded(distributions[i])} for i in whole],
        "greedy": greedy,
        "gaps": rounded(gaps),
    }


def pairs_as_neighbours(weight, heads):
    """Rows of queries and keys as GGUF's llama stores them: rotated pairs side by side."""
    grouped = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return np.ascontiguousarray(grouped.swapaxes(1, 2).reshape(weight.shape))


GGUF_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    "mlp.gate": "ffn_gate_inp",
}


def gguf_tensors(tensors, config, arch):
    """The checkpoint's tensors under GGUF's names; experts stacked, llama's rows reordered."""
    result, stacks = {}, {}
    for name, array in tensors.items():
        if name in GGUF_NAMES:
            result[GGUF_NAMES[name]] = array
            continue
        _, _, layer, *rest = name.split(".")
        *path, kind = rest
        if "experts" in path:
            part = path[-1].removesuffix("_proj")
            stack = stacks.setdefault(f"blk.{layer}.ffn_{part}_exps.weight", {})
            stack[int(path[2])] = array
            continue
        if arch == "llama" and path[-1] in ("q_proj", "k_proj"):
            heads = "num_attention_heads" if path[-1] == "q_proj" else "num_key_value_heads"
            array = pairs_as_neighbours(array, config[heads])
        result[f"blk.{layer}.{GGUF_NAMES['.'.join(path)]}.{kind}"] = array
    for name, stack in stacks.items():
        result[name] = np.stack([stack[i] for i in range(len(stack))])
    return result


def llama3_factors(config, parameters):
    """What each frequency is divided by; GGUF stores this instead of the parameters."""
    dimensions = config["hidden_size"] // config["num_attention_heads"]
    factors = []
    for i in range(0, dimensions, 2):
        wavelength = 2 * math.pi * parameters["rope_theta"] ** (i / dimensions)
        turns = parameters["original_max_position_embeddings"] / wavelength
        low, high = parameters["low_freq_factor"], parameters["high_freq_factor"]
        if turns < low:
            factors.append(parameters["factor"])
        elif turns > high:
            factors.append(1.0)
        else:
            kept = (turns - low) / (high - low)
            factors.append(1 / ((1 - kept) / parameters["factor"] + kept))
    return np.array(factors, dtype=np.float32)


def write_rope(writer, config, tensors):
    parameters = config["rope_parameters"]
    writer.add_rope_freq_base(parameters["rope_theta"])
    kind = parameters["rope_type"]
    if kind == "llama3":
        tensors["rope_freqs.weight"] = llama3_factors(config, parameters)
    elif kind != "default":
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(parameters["factor"])
        if kind == "yarn":
            writer.add_rope_scaling_orig_ctx_len(parameters["original_max_position_embeddings"])


def write_gguf(folder, arch, config, tensors):
    twin = folder / "gguf"
    twin.mkdir()
    writer = gguf.GGUFWriter(twin / "model.gguf", arch)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    if config.get("head_dim"):
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
        writer.add_rope_dimension_count(config["head_dim"])
    else:
        writer.add_vocab_size(config["vocab_size"])
    if config.get("sliding_window") and arch != "qwen3moe":
        writer.add_sliding_window(config["sliding_window"])
        if "layer_types" in config:
            writer.add_sliding_window_pattern(
                [kind == "sliding_attention" for kind in config["layer_types"]])
    if arch == "qwen3moe":
        writer.add_expert_count(config["num_experts"])
        writer.add_expert_used_count(config["num_experts_per_tok"])
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
        if not config["norm_topk_prob"]:
            writer.add_expert_weights_norm(False)
        if config.get("use_sliding_window"):
            writer.add_sliding_window(config["sliding_window"])
    renamed = gguf_tensors(tensors, config, arch)
    write_rope(writer, config, renamed)
    for name, array in renamed.items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(name):
    kind, arguments, lengths, rewriting, arch = VARIANTS[name]
    folder = ROOT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = getattr(transformers, f"{kind}Config")(**arguments)
    seed = sum(name.encode())
    torch.manual_seed(seed)
    model = getattr(transformers, f"{kind}ForCausalLM")(config)
    fill(model, seed)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if rewriting:
        rewrite_config(folder / "config.json", rewriting)
    random = np.random.default_rng(seed)
    sequences = [expect(folder, [int(x) for x in random.integers(3, VOCABULARY, length)])
                 for length in lengths]
    (folder / "expected.json").write_text(
        json.dumps({"sequences": sequences}, separators=(",", ":")) + "\n")
    if arch:
        from safetensors.numpy import load_file
        known = {**model.config.to_dict(), **arguments}
        known["rope_parameters"] = model.config.rope_parameters
        write_gguf(folder, arch, known, load_file(folder / "model.safetensors"))
    sizes = {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*") if p.is_file()}
    print(name, sizes)


if __name__ == "__main__":
    transformers.utils.logging.disable_progress_bar()
    for each in sys.argv[1:] or VARIANTS:
        make(each)
