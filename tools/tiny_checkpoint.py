"""The smallest directory that Freehold opens as a model, around files of a real one: what the
compare tools hand it, since tokenizers and templates need no weights. Standard library only.
"""

import json
import shutil
import struct

# A byte-level vocabulary of single bytes is enough for templates of a folder without tokenizer.
BESIDE = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
          "chat_template.jinja", "chat_template.json", "generation_config.json")


def make_checkpoint(source, place):
    """Makes `place` a model with one tensor of four bytes with the files of `source` in it (links are refused)."""
    header = json.dumps({"t": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
    (place / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"tiny")
    (place / "config.json").write_text(json.dumps({"model_type": "llama"}))
    for name in BESIDE:
        if (source / name).exists():
            shutil.copyfile(source / name, place / name)
    if not (place / "tokenizer.json").exists():
        (place / "tokenizer.json").write_text(json.dumps(
            {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []},
             "pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"}}))
