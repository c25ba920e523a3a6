#!/usr/bin/env python3
"""Runs a static x86-64 Linux program on an emulated CPU that has more instructions than this one.

    tools/emulated_cpu.py [--cpu MODEL] PROGRAM [ARGUMENT…]

MODEL: sapphire_rapids (AVX-512 with VNNI and BF16, AVX-VNNI), arrow_lake (AVX-VNNI, no AVX-512), tigerlake (AVX-512
with VNNI). By hand: it installs the package bochscpu-python (the CPU of Bochs as a library) under build/ and is some
hundred times slower than a CPU. For the kernels' tests, machine code as users get it:

    cmake -S . -B build/static -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_C_COMPILER=clang-19 \\
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE='-O3 -g1' -DFREEHOLD_KERNELS_ONLY=ON \\
      -DCMAKE_EXE_LINKER_FLAGS=-static && cmake --build build/static --target kernels_test
    tools/emulated_cpu.py build/static/kernels_test --gtest_filter='-Dispatch.*'

The program runs in the kernel's mode of the CPU on one flat gigabyte; its system calls are answered here, and only
those that a test program makes: memory, writing to standard output, time. It can open no file and start no process.
"""
import ctypes
import mmap
import os
import pathlib
import struct
import subprocess
import sys
import time

PACKAGE = "bochscpu-python==0.4.0"
ROOT = pathlib.Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "emulated_cpu"

SIZE = 1 << 30
TABLES, HANDLER = SIZE - 0x10000, SIZE - 0x20000
STACK_TOP, MAPPINGS_TOP = SIZE - 0x100000, SIZE - 0x2000000
PAGE = 4096

ENOENT, EBADF, ENOMEM, ENODEV, EINVAL, ENOTTY, ESPIPE, ENOSYS = 2, 9, 12, 19, 22, 25, 29, 38
# mprotect, munmap, madvise, signal actions and masks, close, kill and the like, robust lists, futex
WITHOUT_EFFECT = {3, 10, 11, 13, 14, 24, 28, 131, 200, 202, 234, 273}
NO_SUCH_FILE = {2, 4, 21, 89, 257, 267}


def prepare_and_restart(model):
    """Installs what is missing and starts this program again with the package's Python."""
    python, shim = HOME / "venv/bin/python", HOME / "shim.so"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", HOME / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", PACKAGE], check=True)
    subprocess.run(["clang-19", "-shared", "-fPIC", "-w", "-o", shim, ROOT / "tools/emulated_cpu.c"], check=True)
    environment = os.environ | {"LD_PRELOAD": str(shim), "CPU_MODEL": model, "EMULATED_CPU": "1"}
    os.execve(python, [str(python), __file__, *sys.argv[1:]], environment)


class Program:
    """An ELF file in a flat memory, and the system calls that it makes."""

    def __init__(self, arguments):
        self.memory = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.exit_code = None
        self.mappings = MAPPINGS_TOP
        self.load(pathlib.Path(arguments[0]).read_bytes())
        self.stack = self.start_stack(arguments)

    def put(self, at, data):
        self.memory[at:at + len(data)] = data
        return at

    def load(self, file):
        self.entry, headers = struct.unpack_from("<QQ", file, 24)
        size, count = struct.unpack_from("<HH", file, 54)
        self.headers, end = (0, size, count), 0
        for i in range(count):
            kind, _, offset, at, _, in_file, in_memory, _ = struct.unpack_from("<IIQQQQQQ", file, headers + i * size)
            if kind != 1:
                continue
            self.put(at, file[offset:offset + in_file])
            end = max(end, at + in_memory)
            if offset <= headers < offset + in_file:
                self.headers = (at + headers - offset, size, count)
        self.heap = self.heap_start = (end + PAGE - 1) & -PAGE

    def start_stack(self, arguments):
        top = STACK_TOP

        def push(data):
            nonlocal top
            top -= len(data)
            return self.put(top, data)

        random = push(os.urandom(16))
        argv = [push(argument.encode() + b"\0") for argument in arguments]
        ours = {name: value for name, value in os.environ.items() if name.startswith("FREEHOLD_")}
        environment = [push(f"{name}={value}\0".encode()) for name, value in ours.items()]
        at, size, count = self.headers
        auxiliary = [3, at, 4, size, 5, count, 6, PAGE, 9, self.entry, 11, 0, 12, 0, 13, 0, 14, 0, 17, 100, 23, 0,
                     25, random, 0, 0]
        words = [len(argv), *argv, 0, *environment, 0, *auxiliary]
        return self.put((top & -16) - ((len(words) * 8 + 15) & -16), struct.pack(f"<{len(words)}Q", *words))

    def map(self, at, length, flags, file):
        length = (length + PAGE - 1) & -PAGE
        if not flags & 0x10:  # not at a fixed address
            if file not in (0xffffffff, 0xffffffffffffffff):
                return -ENODEV
            at = self.mappings - length
            if at < self.heap:
                return -ENOMEM
            self.mappings = at
        return self.put(at, bytes(length))

    def write(self, file, pieces):
        if file not in (1, 2):
            return -EBADF
        return sum(os.write(file, self.memory[at:at + length]) for at, length in pieces)

    def call(self, cpu):
        """What the system call in the CPU's registers returns."""
        number, a, b, c, d = cpu.rax, cpu.rdi, cpu.rsi, cpu.rdx, cpu.r10
        if number in WITHOUT_EFFECT:
            return 0
        if number in NO_SUCH_FILE:
            return -ENOENT
        match number:
            case 1:
                return self.write(a, [(b, c)])
            case 20:
                return self.write(a, [struct.unpack_from("<QQ", self.memory, b + 16 * i) for i in range(c)])
            case 5 | 262:  # fstat: of nothing
                return -EBADF
            case 8:
                return -ESPIPE
            case 9:
                return self.map(a, b, d, cpu.r8)
            case 12:  # brk
                if self.heap_start <= a < self.mappings:
                    self.heap = a
                return self.heap
            case 16:
                return -ENOTTY
            case 39 | 186 | 218:
                return 1
            case 60 | 231:
                self.exit_code = a
                return 0
            case 79:
                self.put(a, b"/\0")
                return 2
            case 158:
                return self.keep_thread_pointer(cpu) if a == 0x1002 else -EINVAL
            case 96 | 228:  # gettimeofday, clock_gettime
                seconds, rest = divmod(time.clock_gettime_ns(0 if number == 96 else a & 7), 10**9)
                self.put(a if number == 96 else b, struct.pack("<qq", seconds, rest // (1000 if number == 96 else 1)))
                return 0
            case 318:
                self.put(a, os.urandom(b))
                return b
        return -ENOSYS

    @staticmethod
    def keep_thread_pointer(cpu):
        state = cpu.state
        segment = state.fs
        segment.base = cpu.rsi
        state.fs = segment
        cpu.set_state_no_flush(state)
        return 0


def initial_state(program):
    """A CPU in 64-bit mode whose linear addresses are physical ones; a system call leads to HLT; JMP RCX."""
    import bochscpu
    import bochscpu.cpu

    program.put(TABLES, struct.pack("<Q", TABLES + PAGE | 7))
    program.put(TABLES + PAGE, struct.pack("<Q", TABLES + 2 * PAGE | 7))
    program.put(TABLES + 2 * PAGE, b"".join(struct.pack("<Q", i << 21 | 0x87) for i in range(512)))
    program.put(HANDLER, b"\xf4\xff\xe1")
    state = bochscpu.State()
    bochscpu.cpu.set_long_mode(state)
    state.cr3, state.cr4, state.xcr0 = TABLES, 1 << 5 | 3 << 9 | 1 << 16 | 1 << 18, 0xe7
    data = [(name, 0x18, 0xc093) for name in ("ds", "es", "ss", "fs", "gs")]
    for name, selector, attributes in [("cs", 0x10, 0xa09b), *data]:
        segment = bochscpu.Segment()
        segment.present, segment.selector, segment.base = True, selector, 0
        segment.limit, segment.attr = 0xffffffff, attributes
        setattr(state, name, segment)
    state.star, state.lstar, state.sfmask = 0x10 << 32 | 0x20 << 48, HANDLER, 0
    state.rip, state.rsp, state.rflags = program.entry, program.stack, 2
    state.mxcsr, state.mxcsr_mask, state.fpcw = 0x1f80, 0xffff, 0x37f
    return state


def run(program):
    import bochscpu
    import bochscpu.memory

    def page_is_missing(at):
        bochscpu.memory.page_insert(at & -PAGE, program.base + (at & -PAGE))

    def stop(session, _):
        session.stop()

    def die(session, _, vector, error):
        cpu = session.cpu
        code = program.memory[cpu.rip:cpu.rip + 12].hex()
        print(f"emulated_cpu: exception {vector} ({error:#x}) at {cpu.rip:#x}, {code}", file=sys.stderr, flush=True)
        os._exit(70)

    session = bochscpu.Session()
    session.missing_page_handler = page_is_missing
    session.cpu.state = initial_state(program)
    hook = bochscpu.Hook()
    hook.hlt, hook.exception = stop, die
    while program.exit_code is None:
        session.run([hook])
        cpu = session.cpu
        cpu.rax = program.call(cpu) & 0xffffffffffffffff
        cpu.rip = cpu.rcx
    os._exit(program.exit_code)


def main():
    arguments, model = sys.argv[1:], "sapphire_rapids"
    if arguments[:1] == ["--cpu"]:
        model, arguments = arguments[1], arguments[2:]
    if not arguments or arguments[0].startswith("-"):
        print(__doc__)
        sys.exit(2)
    if "EMULATED_CPU" not in os.environ:
        prepare_and_restart(model)
    run(Program(arguments))


if __name__ == "__main__":
    main()
