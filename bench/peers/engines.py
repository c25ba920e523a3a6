"""How each engine is called for a case, and how its answer is read. One process is one sample."""
import json
from dataclasses import dataclass, field

from plan import THREADS


@dataclass(frozen=True)
class Contender:
    """One engine with one setting; contenders of a case run in turns."""
    engine: str             # freehold, llama.cpp, openvino
    variant: str = ""       # what the table shows beside the engine's name
    options: tuple = ()     # added to its command line
    threads: int = THREADS

    @property
    def label(self):
        return f"{self.engine} {self.variant}".strip()


@dataclass
class Sample:
    value: float            # tokens/s, ms or bytes: as the case's unit says
    facts: dict = field(default_factory=dict)  # numbers that the engine told besides


class Unreadable(Exception):
    """The engine ended in another way than with a result."""


# ---- who competes ------------------------------------------------------------------------------

def contenders(case, kv_types, openvino_format):
    """In the order of their turns."""
    if case.competitor:
        return [Contender("freehold"), Contender("llama.cpp"),
                Contender("freehold", "1 thread", threads=1),
                Contender("llama.cpp", "1 thread", threads=1)]
    if case.kind == "decode" and case.depth > 0:  # each fills its cache first: by far the most time
        ours = [Contender("freehold", kv, ("--kv", kv)) for kv in ("f16", "bf16", "int8")
                if kv in kv_types]
        # The peer's best setting counts, and which one that is depends on the machine.
        theirs = [Contender("llama.cpp", "flash", ("-fa", "on")),
                  Contender("llama.cpp", "no flash", ("-fa", "off")),
                  Contender("llama.cpp", "flash, q8_0 kv",
                            ("-fa", "on", "-ctk", "q8_0", "-ctv", "q8_0"))]
    else:
        ours, theirs = [Contender("freehold")], [Contender("llama.cpp")]
    if openvino_format:
        theirs.append(Contender("openvino", openvino_format))
    return ours + theirs


# ---- freehold ----------------------------------------------------------------------------------

def freehold_command(binary, model, case, contender):
    threads = ["--threads", str(contender.threads)]
    if case.kind == "load":
        return [binary, "complete", "--model", model, *threads, "--max-tokens", "1",
                "--temperature", "0", "--json", "one two three four"]
    return [binary, "bench", "--model", model, *threads, "--prompt", str(case.prompt),
            "--generate", str(case.generate), "--depth", str(case.depth),
            "--batch", str(case.batch), "--repeat", "1", "--json", *contender.options]


def read_freehold(case, run):
    document = _json(run)
    if case.kind == "load":
        return Sample(run.wall_s * 1e3)
    if case.kind == "memory":
        cache = document["decode"]["bytes_per_token"] - document["weights_bytes"]
        positions = case.depth + (case.generate + 1) / 2  # that a step reads, on average
        return Sample(document["peak_rss_bytes"],
                      {"cache_bytes": cache / positions * max(case.prompt, case.generate)})
    machine = document["machine"]
    facts = {"read_gb_s": machine["read_gb_s"], "int8_gops": machine["int8_gops"]}
    if case.kind == "prefill":
        return Sample(document["prefill"]["tokens_per_s"],
                      {**facts, "share_of_peak": document["prefill"]["share_of_peak"]})
    return Sample(document["decode"]["tokens_per_s"],
                  {**facts, "share_of_bandwidth": document["decode"]["share_of_bandwidth"]})


# ---- llama.cpp ---------------------------------------------------------------------------------

def llama_command(folder, model, case, contender):
    threads = ["-t", str(contender.threads)]
    if case.kind == "batch":
        context = (case.depth + case.generate) * case.batch
        return [f"{folder}/llama-batched-bench", "-m", model, *threads, "-tb",
                str(contender.threads), "-c", str(context), "-npp", str(case.depth),
                "-ntg", str(case.generate), "-npl", str(case.batch), "--output-format", "jsonl"]
    bench = [f"{folder}/llama-bench", "-m", model, *threads, "-r", "1", "-o", "json"]
    if case.kind == "load":
        return bench + ["-p", "8", "-n", "0", "--no-warmup"]
    if case.kind == "memory":
        return bench + ["-p", "0", "-n", "0", "-pg", f"{case.prompt},{case.generate}"]
    depth = ["-d", str(case.depth)] if case.depth else []
    return bench + ["-p", str(case.prompt), "-n", str(case.generate), *depth, *contender.options]


def read_llama(case, run):
    if case.kind == "batch":
        for line in run.stdout.splitlines():
            if line.startswith("{"):
                result = json.loads(line)
                return Sample(result["speed_tg"], {"prefill_tokens_per_s": result["speed_pp"]})
        raise Unreadable(_end(run))
    results = _json(run)
    if case.kind == "load":
        return Sample(run.wall_s * 1e3)
    if case.kind == "memory":
        return Sample(run.peak_rss_bytes)
    return Sample(results[0]["avg_ts"])


# ---- OpenVINO ----------------------------------------------------------------------------------

def openvino_command(python, script, model, case, contender):
    return [python, script, model, "--kind", case.kind, "--prompt", str(case.prompt),
            "--generate", str(case.generate), "--depth", str(case.depth),
            "--batch", str(case.batch), "--threads", str(contender.threads)]


def read_openvino(case, run):
    result = _json(run)
    if case.kind == "load":
        return Sample(result["load_to_first_token_ms"])
    if case.kind == "memory":
        return Sample(run.peak_rss_bytes)
    return Sample(result["tokens_per_s"])


READERS = {"freehold": read_freehold, "llama.cpp": read_llama, "openvino": read_openvino}


def read(case, contender, run):
    """The sample, or Unreadable with the end of what the engine said."""
    if run.timed_out:
        raise Unreadable(f"no result within {run.wall_s:.0f} s")
    if run.code != 0:
        raise Unreadable(f"exit code {run.code}: {_end(run)}")
    try:
        return READERS[contender.engine](case, run)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise Unreadable(f"{type(error).__name__} {error}: {_end(run)}") from error


def _json(run):
    """The document that begins at the first line that opens one: engines chat before it."""
    lines = run.stdout.splitlines(keepends=True)
    for i, line in enumerate(lines):
        if line.startswith(("{", "[")):
            return json.loads("".join(lines[i:]))
    raise Unreadable(_end(run))


def _end(run):
    return (run.stderr.strip() or run.stdout.strip())[-300:]
