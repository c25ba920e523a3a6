#!/usr/bin/env python3
"""Writes src/matter/tensor/quant_tables.h: the fixed values and codebooks of quantized formats.

They are published constants of the GGUF formats; the package that the format's authors publish
carries them. Needs gguf==0.19.0. Run from the root of the repository.
"""

import pathlib

import numpy as np
from gguf import quants

HEADER = '''\
// Fixed values and codebooks of quantized formats, as published with the GGUF formats. Not written
// by hand: tools/make_quant_tables.py makes this file from the package gguf 0.19.0. A codebook's
// points are packed, the first element in the lowest bits; each element's bits are an index into
// the levels that stand before the codebook.
// clang-format off
#pragma once

#include <cstdint>

namespace freehold::tables {
'''


def array(kind: str, name: str, values: list[str]) -> str:
    lines, line = [], "   "
    for value in values:
        if len(line) + len(value) + 2 > 100:
            lines.append(line)
            line = "   "
        line += f" {value},"
    lines.append(line)
    return f"\nconstexpr std::{kind} {name}[{len(values)}] = {{\n" + "\n".join(lines) + "\n};\n"


def codebook(name: str, quant: type, comment: str) -> str:
    """The levels of one codebook and its points, packed."""
    quant.init_grid()
    points = quant.grid.reshape(quant.grid_shape).astype(int)
    bits = {3: 2, 8: 3}[len(quant.grid_map)]
    indices = np.searchsorted(quant.grid_map, points)
    packed = (indices << (bits * np.arange(points.shape[1]))).sum(axis=1)
    return (f"\n// {comment}" + array("int8_t", f"{name}_levels", [str(x) for x in quant.grid_map])
            + array("uint16_t", f"{name}_points", [f"0x{x:04x}" for x in packed])[1:])


def main() -> None:
    text = HEADER
    text += array("int8_t", "iq4_values", [str(x) for x in quants.IQ4_NL.kvalues])
    text += "\n// Twice the values of E2M1, so that they are whole numbers."
    text += array("int8_t", "doubled_e2m1_values", [str(x) for x in quants.MXFP4.kvalues])
    text += codebook("iq2_xxs", quants.IQ2_XXS, "8 elements of 2 bits to a point.")
    text += codebook("iq2_xs", quants.IQ2_XS, "8 elements of 2 bits to a point.")
    text += codebook("iq2_s", quants.IQ2_S, "8 elements of 2 bits to a point.")
    text += codebook("iq3_xxs", quants.IQ3_XXS, "4 elements of 3 bits to a point.")
    text += codebook("iq3_s", quants.IQ3_S, "4 elements of 3 bits to a point.")
    text += codebook("iq1", quants.IQ1_S, "8 elements of 2 bits to a point; of iq1_s, iq1_m.")
    text += "\n}  // namespace freehold::tables\n"
    pathlib.Path("src/matter/tensor/quant_tables.h").write_text(text)


if __name__ == "__main__":
    main()
