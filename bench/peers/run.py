#!/usr/bin/env python3
"""Freehold beside llama.cpp and OpenVINO on this machine, all in turns in one go.

Prints medians, paired ratios (ours over the peer's within a round) and the machine's limits measured
in between; writes bench/results/peers-<kind of CPU>.json, where a case measured again replaces
itself and all others stay. What has been built or made before is used again.
"""
import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import time

import engines
import install
import machine
import plan
import report

# Packed weights of the models measured here are to go when build/peers goes.
HOME = {"FREEHOLD_HOME": str(install.PEERS / "home")}


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="bench/peers/run.sh", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"MODEL: {' '.join(plan.MODELS)}\nCASE: {' '.join(plan.CASES)}")
    parser.add_argument("words", nargs="*", metavar="MODEL|CASE", help="only these; default: all")
    parser.add_argument("--quick", action="store_true",
                        help=f"only {' '.join(plan.QUICK_MODELS + plan.QUICK_TYPES)} and "
                        f"{' '.join(plan.QUICK_CASES)}, two rounds")
    parser.add_argument("--only", metavar="ENGINE,…", default="freehold,llama.cpp,openvino",
                        help="run only these engines")
    parser.add_argument("--types", metavar="TYPE,…", help="only these, such as Q4_K_M,BF16")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds; default 5, quick 2")
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS",
                        help="for one run of one engine; what takes longer is ended, told as failed "
                        "and sits out the other rounds (default: 900)")
    parser.add_argument("--freehold", default=str(install.ROOT / "build/release/freehold"),
                        metavar="BINARY", help="default: the release build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="for building llama.cpp")
    parser.add_argument("--prepare", action="store_true", help="build and make, measure nothing")
    arguments = parser.parse_args()
    unknown = [word for word in arguments.words if word not in {**plan.MODELS, **plan.CASES}]
    if unknown:
        parser.error(f"{' '.join(unknown)}: neither a model nor a case; --help lists them")
    if arguments.repeat is None:
        arguments.repeat = 2 if arguments.quick else 5
    if arguments.repeat < 1 or not arguments.timeout > 0:
        parser.error("--repeat must be at least 1, --timeout more than 0")
    return arguments


def chosen(arguments):
    """(model, type, case) in the order of measuring."""
    models = [word for word in arguments.words if word in plan.MODELS] or \
        (plan.QUICK_MODELS if arguments.quick else list(plan.MODELS))
    cases = [word for word in arguments.words if word in plan.CASES] or \
        (plan.QUICK_CASES if arguments.quick else list(plan.CASES))
    types = arguments.types.split(",") if arguments.types else \
        plan.QUICK_TYPES if arguments.quick else None
    for model in (plan.MODELS[name] for name in models):
        for kind in model.types:
            for case in (plan.CASES[name] for name in cases):
                asked = kind in types if types else not case.types or kind in case.types
                if asked:
                    yield model, kind, case


class Bench:
    def __init__(self, arguments):
        self.engines = arguments.only.split(",")
        self.rounds = arguments.repeat
        self.timeout_s = arguments.timeout
        self.freehold = arguments.freehold
        self.facts = self._doctor()
        self.kv_types = self._kv_types()

    def _doctor(self):
        done = subprocess.run([self.freehold, "doctor", "--json"], capture_output=True, text=True,
                              check=True, env=dict(os.environ, **HOME))
        return json.loads(done.stdout)

    def _kv_types(self):
        helped = subprocess.run([self.freehold, "help", "bench"], capture_output=True, text=True,
                                check=True).stdout
        choices = re.search(r"--kv .*?\(([^)]*)\)", helped)
        return choices.group(1).split(", ") if choices else []

    def contenders(self, model, kind, case):
        weights = plan.openvino_format(model, kind)
        return [one for one in engines.contenders(case, self.kv_types, weights)
                if one.engine in self.engines]

    def prepare(self, model, kind, case):
        """The command of each contender, with whatever it needs made first."""
        commands = {}
        for one in self.contenders(model, kind, case):
            if one.engine == "openvino":
                path = install.openvino_model(model, one.variant)
                script = install.ROOT / "bench/peers/openvino_run.py"
                commands[one] = engines.openvino_command(str(install.PYTHON), str(script),
                                                         str(path), case, one)
                continue
            path = str(install.gguf_model(model, kind))
            commands[one] = engines.freehold_command(self.freehold, path, case, one) \
                if one.engine == "freehold" \
                else engines.llama_command(str(install.LLAMA_BIN), path, case, one)
        return commands

    def measure(self, model, kind, case):
        commands = self.prepare(model, kind, case)
        entries = {one.label: {"engine": one.engine, "variant": one.variant,
                               "threads": one.threads, "samples": [], "peak_rss_bytes": 0}
                   for one in commands}
        load, foreign = machine.load_average(), []
        if case.kind in ("load", "memory"):  # the second start is measured: weights are packed once
            for command in commands.values():
                machine.run(command, self.timeout_s, environment=HOME)
        with machine.Competitor(case.competitor):
            for number in range(self.rounds):
                for one, command in commands.items():
                    install.say(f"{model.name} {kind} {case.name}, round {number + 1} of "
                                f"{self.rounds}: {one.label}")
                    foreign.append(self._sample(case, one, command, entries[one.label]))
        extra = {"date": datetime.date.today().isoformat(), "rounds": self.rounds,
                 "load_before": load, "foreign_cpu": round(report.median(foreign) or 0, 3),
                 "file_bytes": install.gguf_model(model, kind).stat().st_size}
        return report.row(model.name, kind, case, entries, self.facts["kind"], extra)

    def _sample(self, case, contender, command, entry):
        """One process; returns how many processors others kept busy meanwhile."""
        if entry.get("timed_out"):
            entry["samples"].append(None)
            return None
        run = machine.run(command, self.timeout_s, environment=HOME)
        entry["timed_out"] = run.timed_out
        entry["peak_rss_bytes"] = max(entry["peak_rss_bytes"], run.peak_rss_bytes)
        try:
            sample = engines.read(case, contender, run)
        except engines.Unreadable as error:
            entry["samples"].append(None)
            entry["error"] = str(error)
            install.say(f"{case.name}, {contender.label}: {error}")
            return run.foreign_cpu
        entry["samples"].append(sample.value)
        for name, value in sample.facts.items():
            entry.setdefault("facts", {}).setdefault(name, []).append(value)
        return run.foreign_cpu

    def head(self):
        return {
            "cpu": {key: self.facts[key] for key in ("cpu", "kind", "kernels", "cores")},
            "threads": plan.THREADS,
            "versions": {"llama.cpp": install.llama_version(),
                         "openvino": install.PYTHON_PACKAGES[0],
                         "freehold": _commit()},
        }


def _commit():
    done = subprocess.run(["git", "-C", install.ROOT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip()


def main():
    arguments = parse_arguments()
    if not os.access(arguments.freehold, os.X_OK):
        sys.exit(f"{arguments.freehold} is missing: build it first, or name one with --freehold")
    install.PEERS.mkdir(parents=True, exist_ok=True)
    install.python_environment()
    install.llama_cpp(arguments.jobs)
    bench = Bench(arguments)
    todo = list(chosen(arguments))
    for model, kind, case in todo:
        bench.prepare(model, kind, case)
    if arguments.prepare:
        return 0
    path = install.ROOT / f"bench/results/peers-{bench.facts['kind']}.json"
    print(f"{bench.facts['cpu']} ({bench.facts['kind']}, {bench.facts['kernels']}), "
          f"{plan.THREADS} threads, load {machine.load_average()}")
    failed, rows, started = False, [], time.monotonic()
    for model, kind, case in todo:
        rows.append(bench.measure(model, kind, case))
        print("\n" + report.text(rows[-1]), flush=True)
        report.write(path, bench.head(), rows[-1:])
        failed |= any(entry["median"] is None for entry in rows[-1]["contenders"].values())
    for name, limit in report.limits(rows).items():
        print(f"\n{name}: {limit['median']:.1f} ({limit['lowest']:.1f}–{limit['highest']:.1f} in "
              f"{limit['samples']} samples)", end="")
    print(f"\n{len(rows)} cases in {time.monotonic() - started:.0f} s: {path}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
