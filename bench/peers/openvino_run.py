#!/usr/bin/env python3
"""One measurement of OpenVINO GenAI: openvino_run.py MODEL --kind KIND …; prints one JSON document.

Runs in the peers' own Python environment. Prompts are random tokens, new ones for each run, so that
no cached prefix helps. The first step of the pipeline computes all prompts and gives each sequence
its first token; every further step gives each one more.
"""
import argparse
import json
import random
import time

import numpy as np
import openvino
import openvino_genai

VOCABULARY = 256  # the tokenizer's bytes


def make_pipeline(arguments, tokens):
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.cache_size = 4  # GB, allocated as needed
    scheduler.enable_prefix_caching = False
    scheduler.max_num_batched_tokens = max(arguments.chunk, tokens) if arguments.chunk == 0 \
        else arguments.chunk
    properties = {"INFERENCE_NUM_THREADS": arguments.threads}
    return openvino_genai.ContinuousBatchingPipeline(arguments.model, scheduler, "CPU", properties)


class Requests:
    def __init__(self, pipeline):
        self._pipeline = pipeline
        self._next = 0
        self._random = random.Random(1)

    def _add(self, count, prompt, generate):
        config = openvino_genai.GenerationConfig()
        config.max_new_tokens = generate
        config.ignore_eos = True
        config.do_sample = False
        handles = []
        for _ in range(count):
            ids = [self._random.randrange(VOCABULARY) for _ in range(prompt)]
            tensor = openvino.Tensor(np.array([ids], dtype=np.int64))
            handles.append(self._pipeline.add_request(self._next, tensor, config))
            self._next += 1
        return handles

    def run(self, count, prompt, generate):
        """(seconds until every sequence has its first token, seconds of the rest, tokens in it)"""
        handles = self._add(count, prompt, generate)
        started = time.perf_counter()
        given, first, at_first = 0, None, 0
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
            for handle in handles:
                if handle.can_read():
                    given += sum(len(output.generated_ids) for output in handle.read().values())
            if first is None and given >= count:
                first, at_first = time.perf_counter(), given
        ended = time.perf_counter()
        return first - started, ended - first, given - at_first


def measure(requests, arguments):
    """Tokens per second of what is asked."""
    if arguments.kind == "prefill":
        requests.run(1, 64, 1)  # warms up
        seconds, _, _ = requests.run(1, arguments.prompt, 1)
        return arguments.prompt / seconds
    depth = max(arguments.depth, 1)
    requests.run(1, 64, 2)
    _, seconds, tokens = requests.run(arguments.batch, depth, arguments.generate + 1)
    return tokens / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--kind", choices=["prefill", "decode", "batch", "load", "memory"])
    for name in ["prompt", "generate", "depth"]:
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=0, help="tokens a step; 0: all prompts")
    arguments = parser.parse_args()
    started = time.perf_counter()
    longest = max(arguments.prompt, arguments.depth) * arguments.batch + 64
    requests = Requests(make_pipeline(arguments, longest))
    if arguments.kind == "load":
        requests.run(1, 8, 1)
        result = {"load_to_first_token_ms": (time.perf_counter() - started) * 1e3}
    elif arguments.kind == "memory":
        requests.run(1, arguments.prompt, arguments.generate)
        result = {}
    else:
        result = {"tokens_per_s": measure(requests, arguments)}
    print(json.dumps({**result, "version": openvino_genai.__version__}))


if __name__ == "__main__":
    main()
