#!/usr/bin/env python3
"""Serves a tiny model and runs a client's tests against it: serve_and_run.py SCRIPT ARGUMENT… Exit code 77: skipped."""
import json
import os
import subprocess
import sys
import tempfile

import gguf_writer as gguf
from program import BINARY, write

CONTEXT_TOKENS = 2048


def main():
    with tempfile.TemporaryDirectory() as home:
        model = gguf.tiny_llama().set("llama.context_length", gguf.U32, CONTEXT_TOKENS)
        path = write(home, "tiny.gguf", model.bytes())
        environment = dict(os.environ, FREEHOLD_HOME=home)
        server = subprocess.Popen([BINARY, "serve", "--model", str(path), "--port", "0", "--json"], env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            url = json.loads(server.stdout.readline())["url"]
            return subprocess.run(["sh", *sys.argv[1:]], env=dict(environment, FREEHOLD_URL=url), timeout=240).returncode
        finally:
            server.terminate()
            server.wait(60)


if __name__ == "__main__":
    sys.exit(main())
