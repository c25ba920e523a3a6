#!/usr/bin/env python3
"""How far quantized arithmetic is from float32, ours and llama.cpp's, on one model and text.

The reference multiplies the same weights, dequantized to float32, in float32 with a float32 cache.
Each engine then reads the same tokens in windows, with the same type of cache, and at every place
the Kullback-Leibler divergence of its distribution of the next token from the reference's is taken.
What the peer makes of the float32 weights is shown too: if the references of two engines agree,
neither is wrong.
Writes bench/results/accuracy-MODEL.json, where a type measured again replaces itself and all others
stay; everything it makes lies under build/peers.
"""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

import install

WINDOW = 512
TEXTS = ["README.md", "ARCHITECTURE.md", "STYLE.md", "docs/decisions", "docs/guide"]
LIBRARIES = ["src/libllama.a", "ggml/src/libggml.a", "ggml/src/libggml-cpu.a",
             "ggml/src/libggml-base.a"]
LLAMA_LOGITS = install.PEERS / "llama_logits"
HOME = install.PEERS / "home"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/peers/accuracy.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="smollm2-135m-instruct",
                        help="a GGUF file, or a name that `freehold pull` knows "
                        "(default: %(default)s)")
    parser.add_argument("--types", metavar="TYPE,…", default="as-is,Q4_K_M,Q8_0",
                        help="as-is: the file as it is; others are quantized by llama.cpp from its "
                        "float32 form (default: %(default)s)")
    parser.add_argument("--windows", type=int, default=8, metavar="N",
                        help=f"of {WINDOW} tokens (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1,
                        help="default: 1; the results do not depend on it")
    parser.add_argument("--freehold", default=str(install.ROOT / "build/release/freehold"),
                        metavar="BINARY", help="default: the release build")
    arguments = parser.parse_args()
    if arguments.windows < 1:
        parser.error("--windows must be at least 1")
    return arguments


# ---- arithmetic ----------------------------------------------------------------------------------

def log_softmax(logits):
    """(places, vocabulary) float32 to float64 log-probabilities."""
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def divergences(reference, other):
    """KL(reference || other) at each place, in nats, of logits (places, vocabulary)."""
    p, q = log_softmax(reference), log_softmax(other)
    return (np.exp(p) * (p - q)).sum(axis=1)


def agreements(reference, other):
    """Whether both find the same token likeliest, at each place."""
    return reference.argmax(axis=1) == other.argmax(axis=1)


def summary(each, same):
    return {"places": len(each), "mean_kl": float(np.mean(each)),
            "median_kl": float(np.median(each)), "p99_kl": float(np.quantile(each, 0.99)),
            "top1_agreement": float(np.mean(same))}


# ---- models and text -----------------------------------------------------------------------------

def freehold(arguments, *words, **given):
    environment = dict(os.environ, FREEHOLD_HOME=str(HOME), **given.pop("environment", {}))
    done = subprocess.run([arguments.freehold, *map(str, words)], stdout=subprocess.PIPE,
                          check=False, env=environment, **given)
    if done.returncode != 0:
        sys.exit(f"freehold {words[0]} ended with {done.returncode}")
    return done.stdout


def find_model(arguments):
    if pathlib.Path(arguments.model).is_file():
        return pathlib.Path(arguments.model).resolve()
    freehold(arguments, "pull", arguments.model, "--quiet")
    inspected = json.loads(freehold(arguments, "inspect", arguments.model, "--json"))
    return pathlib.Path(inspected["path"])


def made(path, command, what):
    """The file, made under another name first when it is missing."""
    if not path.is_file():
        partial = path.with_name("partial-" + path.name)
        install.call([partial if word is None else word for word in command], "accuracy.log", what)
        partial.rename(path)
    return path


def to_f32(model, name):
    script = install.ROOT / "tests/peers/to_f32.py"
    return made(install.PEERS / f"{name}-f32.gguf", [sys.executable, script, model, None],
                f"writing {name} in float32")


def quantized(model, f32, name, kind):
    if kind == "as-is":
        return model
    return made(install.PEERS / f"{name}-{kind}.gguf",
                [install.LLAMA_BIN / "llama-quantize", f32, None, kind],
                f"quantizing {name} to {kind}")


def read_text():
    """The project's own prose: whole files, in the order of their names."""
    files = []
    for place in (install.ROOT / name for name in TEXTS):
        files += sorted(place.glob("*.md")) if place.is_dir() else [place]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def build_llama_logits(jobs):
    install.llama_cpp(jobs)
    source = install.ROOT / "bench/peers/llama_logits.cpp"
    if LLAMA_LOGITS.is_file() and LLAMA_LOGITS.stat().st_mtime > source.stat().st_mtime:
        return
    libraries = [install.PEERS / "llama-build" / name for name in LIBRARIES]
    install.call(["g++", "-O2", "-std=c++17", source, f"-I{install.PEERS}/llama.cpp/include",
                  f"-I{install.PEERS}/llama.cpp/ggml/include", "-Wl,--start-group", *libraries,
                  "-Wl,--end-group", "-fopenmp", "-lpthread", "-ldl", "-o", LLAMA_LOGITS],
                 "accuracy.log", "building llama_logits")


# ---- distributions -------------------------------------------------------------------------------

def read_logits(path, places):
    logits = np.fromfile(path, dtype="<f4").reshape(places, -1)
    path.unlink()
    return logits


def our_logits(arguments, model, window, kv, kernels=""):
    path = install.PEERS / "ours.logits"
    freehold(arguments, "score", "--model", model, "--tokens", ",".join(map(str, window)),
             "--kv", kv, "--threads", arguments.threads, "--logits", path, "--json",
             environment={"FREEHOLD_KERNELS": kernels} if kernels else {})
    return read_logits(path, len(window))


def their_logits(arguments, model, window, kv):
    path = install.PEERS / "theirs.logits"
    done = subprocess.run([LLAMA_LOGITS, model, kv, str(arguments.threads), path], check=False,
                          input=" ".join(map(str, window)).encode(), stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(done.stderr.decode(errors="replace")[-500:])
    return read_logits(path, len(window))


def compared(ours, theirs):
    """Ours against theirs, place by place: the ratio of the means, and the mean difference with its
    standard error, as far as neighbouring places are independent."""
    difference = ours - theirs
    return {"ratio": float(ours.mean() / theirs.mean()), "difference": float(difference.mean()),
            "standard_error": float(difference.std(ddof=1) / np.sqrt(len(difference)))}


def verdict(one):
    if one["ratio"] <= 1:
        return "met"
    return "missed" if one["difference"] > 2 * one["standard_error"] else "no difference to be seen"


def measure(arguments, model, f32, windows):
    """Summaries by contender: the engines with both types of cache, and what checks the reference;
    and ours compared with theirs by type of cache."""
    contenders = {
        "freehold, f32 cache": lambda window: our_logits(arguments, model, window, "f32"),
        "llama.cpp, f32 cache": lambda window: their_logits(arguments, model, window, "f32"),
        "freehold, f16 cache": lambda window: our_logits(arguments, model, window, "f16"),
        "llama.cpp, f16 cache": lambda window: their_logits(arguments, model, window, "f16"),
        "llama.cpp on float32 weights": lambda window: their_logits(arguments, f32, window, "f32"),
    }
    each = {name: [] for name in contenders}
    same = {name: [] for name in contenders}
    for number, window in enumerate(windows, 1):
        install.say(f"window {number} of {len(windows)}")
        reference = our_logits(arguments, f32, window, "f32")
        for name, logits in contenders.items():
            found = logits(window)
            each[name].append(divergences(reference, found))
            same[name].append(agreements(reference, found))
    each = {name: np.concatenate(found) for name, found in each.items()}
    summaries = {name: summary(each[name], np.concatenate(same[name])) for name in contenders}
    return {"contenders": summaries,
            "compared": {kv: compared(each[f"freehold, {kv} cache"], each[f"llama.cpp, {kv} cache"])
                         for kv in ("f32", "f16")}}


def scalar_check(arguments, f32, window):
    """Our reference by this machine's kernels against the plain ones', on part of a window."""
    window = window[:WINDOW // 4]
    plain = our_logits(arguments, f32, window, "f32", kernels="scalar")
    chosen = our_logits(arguments, f32, window, "f32")
    return summary(divergences(plain, chosen), agreements(plain, chosen))


def text_of(kind, row):
    lines = [f"{kind}{'':20}  mean KL    median     99 %       same likeliest"]
    for name, one in row["contenders"].items():
        lines.append(f"  {name:30} {one['mean_kl']:.3e}  {one['median_kl']:.3e}  "
                     f"{one['p99_kl']:.3e}  {one['top1_agreement'] * 100:.2f} %")
    for kv, one in row["compared"].items():
        lines.append(f"  mean of freehold / llama.cpp, {kv} cache: {one['ratio']:.3f} (≤ 1: "
                     f"{verdict(one)}; {one['difference']:.1e} ± {one['standard_error']:.1e})")
    return "\n".join(lines)


def main():
    arguments = parse_arguments()
    install.PEERS.mkdir(parents=True, exist_ok=True)
    build_llama_logits(os.cpu_count())
    model = find_model(arguments)
    name = pathlib.Path(arguments.model).stem
    text = read_text()
    ids = json.loads(freehold(arguments, "tokenize", "--model", model, "--json",
                              input=text.encode()))["ids"]
    windows = [ids[i:i + WINDOW]
               for i in range(0, len(ids) - WINDOW + 1, WINDOW)][:arguments.windows]
    facts = json.loads(freehold(arguments, "doctor", "--json"))
    origin = to_f32(model, name)
    check = scalar_check(arguments, origin, windows[0])
    print(f"our reference by {facts['kernels']} kernels from that by scalar ones: "
          f"mean KL {check['mean_kl']:.3e}", flush=True)
    path = install.ROOT / f"bench/results/accuracy-{name}.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else {}
    document = {
        "model": name, "cpu": {key: facts[key] for key in ("cpu", "kind", "kernels")},
        "versions": {"llama.cpp": install.llama_version()}, "scalar_reference": check,
        "text": TEXTS, "rows": rows}
    for kind in arguments.types.split(","):
        chosen = quantized(model, origin, name, kind)
        f32 = origin if kind == "as-is" else to_f32(chosen, f"{name}-{kind}")
        inspected = json.loads(freehold(arguments, "inspect", chosen, "--json"))
        rows[kind] = {"date": datetime.date.today().isoformat(),
                      "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
                      "tokens": len(windows) * WINDOW, "tensors": inspected["tensors"]["types"],
                      **measure(arguments, chosen, f32, windows)}
        print(text_of(kind, rows[kind]), flush=True)
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(path)
    found = [one for kind in arguments.types.split(",") for one in rows[kind]["compared"].values()]
    return 1 if any(verdict(one) == "missed" for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
