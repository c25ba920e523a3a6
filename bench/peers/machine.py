"""The machine while it measures: one process at a time, what it used, and what others used."""
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Run:
    stdout: str
    stderr: str
    code: int
    wall_s: float
    peak_rss_bytes: int
    foreign_cpu: float  # processors that were busy with something else, on average
    timed_out: bool = False


def busy_ticks(stat):
    """Of all processors together, from the text of /proc/stat: everything but idle and waiting."""
    fields = [int(field) for field in stat.splitlines()[0].split()[1:9]]
    user, nice, system, _, _, irq, softirq, steal = fields + [0] * (8 - len(fields))
    return user + nice + system + irq + softirq + steal


def _busy_seconds():
    with open("/proc/stat", encoding="ascii") as file:
        return busy_ticks(file.read()) / TICKS


def run(command, timeout_s=900, environment=None, input_text=""):
    """One process from start to end; its peak memory and the foreign load beside it.

    A process that has not ended after timeout_s is ended.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, \
            tempfile.TemporaryFile() as given:
        given.write(input_text.encode())
        given.seek(0)
        busy, started = _busy_seconds(), time.monotonic()
        child = subprocess.Popen(command, stdin=given, stdout=out, stderr=err,
                                 env=dict(os.environ, **(environment or {})))
        status, usage, timed_out = _wait(child, started + timeout_s)
        wall = time.monotonic() - started
        own = usage.ru_utime + usage.ru_stime
        out.seek(0)
        err.seek(0)
        return Run(out.read().decode(errors="replace"), err.read().decode(errors="replace"),
                   os.waitstatus_to_exitcode(status), wall, usage.ru_maxrss * 1024,
                   max(0.0, (_busy_seconds() - busy - own) / wall), timed_out)


def _wait(child, deadline):
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return status, usage, False
        if time.monotonic() > deadline:
            child.kill()
            status, usage = os.wait4(child.pid, 0)[1:]
            child.returncode = os.waitstatus_to_exitcode(status)
            return status, usage, True
        time.sleep(0.002)


class Competitor:
    """One thread that is always busy, in the same scheduling group as what is measured."""

    def __init__(self, wanted):
        self._wanted = wanted
        self._child = None

    def __enter__(self):
        if self._wanted:
            self._child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        return self

    def __exit__(self, *_):
        if self._child is not None:
            self._child.kill()
            self._child.wait()


def load_average():
    return round(os.getloadavg()[0], 2)
