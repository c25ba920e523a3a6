"""The peers and the models, built or fetched once and then kept: everything lies under build/peers."""
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "build/peers"
MODELS = PEERS / "models"
PYTHON = PEERS / "venv/bin/python"
LLAMA_BIN = PEERS / "llama-build/bin"
LLAMA_TARGETS = ["llama-bench", "llama-batched-bench", "llama-quantize"]

# llama.cpp comes from the source bundle in this package; its loop in JavaScript would cost it a
# quarter of its prefill, so the programs of its own that measure are built, for this very machine.
NODE_LLAMA_CPP = "node-llama-cpp@3.22.1"
LLAMA_OPTIONS = {
    "CMAKE_BUILD_TYPE": "Release", "GGML_NATIVE": "ON", "BUILD_SHARED_LIBS": "OFF",
    "LLAMA_BUILD_TESTS": "OFF", "LLAMA_BUILD_EXAMPLES": "OFF", "LLAMA_OPENSSL": "OFF",
    "LLAMA_BUILD_UI": "OFF", "LLAMA_USE_PREBUILT_UI": "OFF",
}
PYTHON_PACKAGES = ["openvino-genai==2026.4.1.0", "optimum-intel[openvino]==2.2.0",
                   "torch==2.15.0", "gguf==0.19.0", "numpy==2.4.6"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def call(command, log, what, cwd=PEERS, environment=None):
    """Runs a step with its output in build/peers/LOG; ends the program when it fails."""
    say(f"{what} …")
    path = PEERS / log
    with open(path, "ab") as file:
        done = subprocess.run([str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL,
                              stdout=file, stderr=subprocess.STDOUT, check=False,
                              env=dict(os.environ, **(environment or {})))
    if done.returncode != 0:
        tail = path.read_text(errors="replace").splitlines()[-15:]
        sys.exit("\n".join([*tail, f"{what} failed (the whole log: {path})"]))


def llama_cpp(jobs):
    """Builds llama.cpp's measuring programs; nothing to do when they are there."""
    if all((LLAMA_BIN / target).is_file() for target in LLAMA_TARGETS):
        return
    source = PEERS / "llama.cpp"
    if not (source / "CMakeLists.txt").is_file():
        shutil.rmtree(source, ignore_errors=True)
        call(["npm", "pack", "--silent", NODE_LLAMA_CPP], "llama.log", "fetching llama.cpp's source")
        package = max(PEERS.glob("node-llama-cpp-*.tgz"))
        bundle = PEERS / "llama.bundle"
        with tarfile.open(package) as archive, open(bundle, "wb") as out:
            shutil.copyfileobj(archive.extractfile("package/llama/gitRelease.bundle"), out)
        call(["git", "clone", "-q", bundle, source], "llama.log", "unpacking it")
    options = [f"-D{key}={value}" for key, value in LLAMA_OPTIONS.items()]
    call(["cmake", "-S", source, "-B", "llama-build", "-G", "Ninja", *options], "llama.log",
         "configuring llama.cpp")
    call(["nice", "-n", "5", "cmake", "--build", "llama-build", "-j", jobs, "--target",
          *LLAMA_TARGETS], "llama.log", "building llama.cpp (about 15 minutes on two cores)")


def llama_version():
    done = subprocess.run(["git", "-C", PEERS / "llama.cpp", "log", "-1", "--format=%h"],
                          capture_output=True, text=True, check=False)
    return f"{NODE_LLAMA_CPP}, {done.stdout.strip()}"


def python_environment():
    """Gives the peers a Python environment of their own; llama.cpp's models need it too."""
    stamp = PEERS / "venv/installed.txt"
    wanted = "\n".join(PYTHON_PACKAGES)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    call([sys.executable, "-m", "venv", "venv"], "venv.log", "making a Python environment")
    call([PYTHON, "-m", "pip", "install", "-q", *PYTHON_PACKAGES], "venv.log",
         "installing OpenVINO and what exports models for it (some gigabytes)")
    stamp.write_text(wanted)


def _make(path, command, log, what):
    """Makes a file or folder under another name first, so that a half-made one is never used."""
    partial = path.with_name("partial-" + path.name)
    shutil.rmtree(partial, ignore_errors=True)
    partial.unlink(missing_ok=True)
    call([*command, partial], log, what, environment={"HF_HUB_OFFLINE": "1"})
    partial.rename(path)


def gguf_model(model, kind):
    """The path of a model's GGUF file of that type."""
    MODELS.mkdir(parents=True, exist_ok=True)
    plain = MODELS / f"{model.shape}-BF16.gguf"
    path = MODELS / f"{model.shape}-{kind}.gguf"
    if path.is_file():
        return path
    if not plain.is_file():
        _make(plain, [PYTHON, ROOT / "tools/make_random_model.py", model.shape], "models.log",
              f"making {plain.name}")
    if kind != "BF16":
        partial = path.with_name("partial-" + path.name)
        call([LLAMA_BIN / "llama-quantize", plain, partial, kind], "models.log",
             f"quantizing {path.name}")
        partial.rename(path)
    return path


def openvino_model(model, weights):
    """The folder of a model exported for OpenVINO: `weights` is int4 or int8."""
    MODELS.mkdir(parents=True, exist_ok=True)
    path = MODELS / f"{model.shape}-openvino-{weights}"
    if path.is_dir():
        return path
    source = MODELS / f"{model.shape}-transformers"
    if not source.is_dir():
        _make(source, [PYTHON, ROOT / "tools/make_random_model.py", model.shape], "models.log",
              f"making {source.name}")
    grouping = ["--group-size", model.group, "--ratio", "1.0"] if weights == "int4" else []
    _make(path, [PYTHON.with_name("optimum-cli"), "export", "openvino", "--model", source,
                 "--task", "text-generation-with-past", "--weight-format", weights, *grouping],
          "models.log", f"exporting {path.name}")
    return path
