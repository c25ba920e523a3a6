"""Runs the binary as a user would and says what happened, memory and time included."""
import json
import os
import pathlib
import subprocess
import tempfile
import time

BINARY = os.environ.get("FREEHOLD_BINARY", "freehold")


class Outcome:
    def __init__(self, code, stdout, stderr, seconds, resident_bytes):
        self.code, self.stdout, self.stderr = code, stdout, stderr
        self.seconds, self.resident_bytes = seconds, resident_bytes

    def json(self):
        return json.loads(self.stdout)

    def __str__(self):
        return f"exit {self.code} after {self.seconds:.2f} s\n{self.stdout[:800]}\n{self.stderr[:800]}"


def run(*arguments, stdin=b"", home=None, timeout=60, environment=None):
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
        given.write(stdin if isinstance(stdin, bytes) else stdin.encode())
        given.seek(0)
        variables = dict(os.environ, FREEHOLD_HOME=str(home or EMPTY_HOME.name), **(environment or {}))
        child = subprocess.Popen([BINARY, *map(str, arguments)], stdin=given, stdout=out, stderr=err, env=variables)
        deadline = started + timeout
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
                raise AssertionError(f"{arguments} did not end within {timeout} s")
            time.sleep(0.002)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Outcome(child.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"),
                       time.monotonic() - started, usage.ru_maxrss * 1024)


EMPTY_HOME = tempfile.TemporaryDirectory()


def write(folder, name, content):
    path = pathlib.Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
