#!/usr/bin/env python3
"""Writes tests/fixtures/dequant/<type>.bin, the oracle of quantized blocks.

Each file holds a few blocks and then, as little-endian float32, what the reference implementation
makes of them. The bytes are random, except that scales are set to what is hard: ordinary,
denormal, largest, zero and negative halves, and codes of all zeros and all ones.

Needs the packages gguf==0.19.0 and numpy==2.4.6. Run from the root of the repository.
"""

import pathlib

import gguf
import numpy as np
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize

# Where the half-precision scales of a block lie; a type that is missing here has none to set.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    "IQ4_XS": [0], "TQ1_0": [52], "TQ2_0": [64], "IQ2_XXS": [0], "IQ2_XS": [0], "IQ2_S": [0],
    "IQ3_XXS": [0], "IQ3_S": [0], "IQ1_S": [0], "IQ1_M": [], "MXFP4": [], "NVFP4": [], "Q8_K": [],
    "INT4_ZERO": [0], "INT8_FLOAT": [],
}
OUR_SIZES = {"INT4_ZERO": (32, 20), "INT8_FLOAT": (32, 36)}  # in no file: tensor/blocks.h
HARD_SCALES = [0.0123, 6e-8, 65504.0, -0.5, -0.0, -3.1e-5]


def random_blocks(name: str, count: int, block_bytes: int) -> np.ndarray:
    random = np.random.default_rng(sum(name.encode()))
    blocks = random.integers(0, 256, (count, block_bytes), dtype=np.uint8)
    blocks[1], blocks[2] = 0x00, 0xFF
    for i, block in enumerate(blocks):
        for field, offset in enumerate(SCALES[name]):
            scale = HARD_SCALES[(i + 2 * field) % len(HARD_SCALES)]
            block[offset:offset + 2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
        if name == "MXFP4":
            block[0] = [120, 0, 255, 1, 2, 127, 254, 3][i % 8]
        if name == "INT4_ZERO":
            block[2:4] = np.frombuffer(np.float16([8, 0, 15, 1, 16][i % 5]).tobytes(), np.uint8)
        if name in ("Q8_K", "INT8_FLOAT"):
            scale = np.float32([0.0123, 1e-42, 3e36, -0.5][i % 4])
            block[0:4] = np.frombuffer(scale.tobytes(), np.uint8)
    return blocks


def expected_floats(name: str, blocks: np.ndarray) -> np.ndarray:
    if name == "Q8_K":  # the package has no reader for it: scale times code
        return blocks[:, 0:4].view(np.float32) * blocks[:, 4:260].view(np.int8).astype(np.float32)
    if name == "INT8_FLOAT":
        return blocks[:, 0:4].view(np.float32) * blocks[:, 4:36].view(np.int8).astype(np.float32)
    if name == "INT4_ZERO":  # compressed-tensors, GPTQ and AWQ: scale times (code minus zero)
        scale, zero = (blocks[:, at:at + 2].view(np.float16).astype(np.float32) for at in (0, 2))
        codes = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], axis=1).astype(np.float32)
        return scale * (codes - zero)
    return dequantize(blocks, gguf.GGMLQuantizationType[name])


def main() -> None:
    folder = pathlib.Path("tests/fixtures/dequant")
    folder.mkdir(parents=True, exist_ok=True)
    for name in SCALES:
        elements, block_bytes = (OUR_SIZES[name] if name in OUR_SIZES
                                 else GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]])
        blocks = random_blocks(name, 4 if elements == 256 else 16, block_bytes)
        with np.errstate(all="ignore"):
            floats = expected_floats(name, blocks).astype("<f4")
        (folder / f"{name.lower()}.bin").write_bytes(blocks.tobytes() + floats.tobytes())


if __name__ == "__main__":
    main()
