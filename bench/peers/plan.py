"""What is measured: models, their types, cases, and the goals that issue and contracts set."""
from dataclasses import dataclass

THREADS = 2  # the goals are for two


@dataclass(frozen=True)
class Model:
    name: str         # on the command line
    shape: str        # as tools/make_random_model.py calls it
    types: tuple      # GGUF quantizations
    openvino: tuple   # weight formats; none where no goal asks for it
    group: int = 64   # weights that share a scale in OpenVINO's int4


MODELS = {model.name: model for model in [
    Model("0.6b", "qwen3-0.6b", ("Q4_K_M", "Q4_0", "Q8_0", "BF16"), ("int4", "int8")),
    Model("1.7b", "qwen3-1.7b", ("Q4_K_M", "Q4_0", "Q8_0", "BF16"), ("int4", "int8"), 128),
    Model("4b", "qwen3-4b", ("Q4_K_M", "Q4_0", "Q8_0"), ("int4",), 128),
    Model("moe", "qwen3-30b-a3b-8l", ("Q4_K_M", "Q8_0"), ()),
]}
QUICK_MODELS = ["0.6b"]


@dataclass(frozen=True)
class Case:
    name: str
    kind: str           # prefill, decode, batch, load, memory
    prompt: int = 0
    generate: int = 0
    depth: int = 0
    batch: int = 1
    competitor: bool = False
    types: tuple = ()   # empty: every type of the model

    @property
    def unit(self):
        return {"load": "ms", "memory": "bytes"}.get(self.kind, "tokens/s")

    @property
    def lower_is_better(self):
        return self.unit != "tokens/s"


CASES = {case.name: case for case in [
    Case("prefill-512", "prefill", prompt=512),
    Case("prefill-4096", "prefill", prompt=4096, types=("Q4_K_M", "Q4_0")),
    Case("decode-0", "decode", generate=128),
    Case("decode-1024", "decode", generate=32, depth=1024, types=("Q4_K_M",)),
    Case("decode-4096", "decode", generate=32, depth=4096, types=("Q4_K_M", "Q8_0")),
    Case("batch-4", "batch", generate=16, depth=128, batch=4, types=("Q4_K_M", "Q8_0")),
    Case("batch-8", "batch", generate=16, depth=128, batch=8, types=("Q4_K_M", "Q8_0")),
    Case("batch-32", "batch", generate=16, depth=128, batch=32, types=("Q4_K_M", "Q8_0")),
    Case("load", "load", types=("Q4_K_M", "Q8_0")),
    Case("memory", "memory", prompt=512, generate=16, types=("Q4_K_M", "Q8_0")),
    Case("contended", "decode", generate=64, competitor=True, types=("Q4_K_M",)),
]}
# Filling a cache of 4096 positions takes a peer minutes, so the quick look is at a quarter of it.
QUICK_CASES = ["prefill-512", "decode-0", "decode-1024", "batch-8"]
QUICK_TYPES = ["Q4_K_M"]


def openvino_format(model, kind):
    """The weights of OpenVINO that stand beside a GGUF type; None where there are none."""
    wanted = "int4" if kind.startswith("Q4") else "int8" if kind == "Q8_0" else None
    return wanted if wanted in model.openvino else None


# Goals: ours over the peer's, by kind of CPU; (case, type pattern, peer) -> ratio. At least that
# much where more is better, at most that much for times and memory.
_PREFILL = {("Q4", "llama.cpp"): {"zen4": 3.2, "zen3": 2.5},
            ("Q4", "openvino"): {"zen4": 1.3, "zen3": 2.0},
            ("Q8", "llama.cpp"): {"zen4": 4.0, "zen3": 2.2},
            ("BF16", "llama.cpp"): {"zen4": 1.6, "zen3": 1.3}}
_MOE = {"prefill-512": {"zen4": 3.0, "zen3": 2.2}, "decode-0": {"zen4": 1.2, "zen3": 1.3}}
_OTHERS = {
    "prefill-4096": {"zen4": 3.2, "zen3": 2.5},
    "decode-0": {"zen4": 1.15, "zen3": 1.4},
    "decode-4096": {"zen4": 2.0, "zen3": 2.0},
    "decode-4096 int8": {"zen4": 3.0, "zen3": 2.8},
    "batch-4": {"zen4": 3.2, "zen3": 2.5},
    "batch-8": {"zen4": 5.0, "zen3": 4.0},
    "batch-32": {"zen4": 6.0, "zen3": 5.0},
    "load": {"zen4": 0.2, "zen3": 0.2},
    "contended": {"zen4": 1.8, "zen3": 1.8},
}
_OPENVINO_BATCH_8 = {"zen4": 1.3}
MEMORY_OVER_FILE_AND_CACHE = 1.1
SHARE_OF_BANDWIDTH = {"decode-0": {"zen4": 0.90, "zen3": 0.85},
                      "decode-4096": {"zen4": 0.85, "zen3": 0.85}}


def goal(cpu_kind, model, kind, case, variant, peer):
    """The ratio that our `variant` ("int8" cache or none) is to reach; None where none is set."""
    if model == "moe":
        return _MOE.get(case, {}).get(cpu_kind) if peer == "llama.cpp" else None
    if case == "prefill-512":
        for (beginning, whose), ratios in _PREFILL.items():
            if kind.startswith(beginning) and whose == peer:
                return ratios.get(cpu_kind)
        return None
    if peer == "openvino":
        return _OPENVINO_BATCH_8.get(cpu_kind) if case == "batch-8" else None
    int8 = f"{case} int8" if variant == "int8" else None
    return _OTHERS.get(int8, _OTHERS.get(case, {})).get(cpu_kind)
