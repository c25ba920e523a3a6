#!/usr/bin/env python3
"""Runs every fenced `sh` block of README.md and docs/guide as written, with a home that holds the default model.

`console` blocks are shown, not run. README: ./start becomes ./start --once, and its server is started beside.
usage: docs_run.py BINARY HOME [readme|guides]
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS_A_BLOCK = 240


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.M | re.S)


def run_block(script, folder, environment, where):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=SECONDS_A_BLOCK)
    status = "ok" if done.returncode == 0 else f"exit code {done.returncode}"
    print(f"{where}: {status}: {script.strip().splitlines()[0][:80]}")
    if done.returncode != 0:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode == 0


def run_guides(environment):
    good, count = True, 0
    for guide in sorted((ROOT / "docs/guide").glob("*.md")):
        for script in blocks(guide, "sh"):
            count += 1
            with tempfile.TemporaryDirectory() as folder:
                good &= run_block(script, folder, environment, guide.name)
    return good and count >= 10


def wait_for(url, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            return urllib.request.urlopen(url, timeout=2).status == 200
        except OSError:
            time.sleep(0.2)
    return False


def run_readme(binary, environment):
    """The blocks in order; ./test is what runs this, so it is not run again."""
    scripts = [s for s in blocks(ROOT / "README.md", "sh") if s.strip() != "./test"]
    if not scripts or scripts[0].strip() != "./start":
        print("README.md no longer begins with ./start")
        return False
    good = run_block("./start --once", ROOT, environment, "README.md")
    server = subprocess.Popen([binary, "serve", "--port", "0", "--json"], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = re.search(r'"url":"([^"]+)"', server.stdout.readline()).group(1)
        good &= wait_for(url + "/health", 60)
        for script in scripts[1:]:
            # The port of the text may be taken on the machine that runs this.
            good &= run_block(script.replace("http://127.0.0.1:8080", url), ROOT, environment, "README.md")
    finally:
        server.terminate()
        server.wait(60)
    return good


def main():
    binary, home, which = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    environment = dict(os.environ, FREEHOLD_HOME=home, PATH=f"{binary.parent}:{os.environ['PATH']}")
    good = run_readme(binary, environment) if which == "readme" else run_guides(environment)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
