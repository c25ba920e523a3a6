#!/bin/sh
# How far Freehold's and llama.cpp's next-token distributions are from float32 arithmetic on the same weights:
# bench/peers/accuracy.sh [MODEL] [--types TYPE,…] [--windows N]. --help says the rest.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/build/peers/gguf-venv
mkdir -p "$root/build/peers"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install -q gguf==0.19.0 numpy==2.4.6
exec "$venv/bin/python" "$(dirname "$0")/accuracy.py" "$@"
