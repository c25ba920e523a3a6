#!/bin/sh
# Greedy text of Freehold and of llama.cpp on the same weights, by hand: tests/peers/run.sh MODEL [TOKENS]
# MODEL is a GGUF file or a name that `freehold pull` knows. Compared twice: as the file is, and with every
# tensor written as float32, where no engine rounds activations. Fetches the peer's npm package (about 700 MB)
# and a Python environment for the conversion into build/peers; writes bench/results/greedy-*.json.
# Ends with 1 when some text differs by more than a near-tie.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
freehold=${FREEHOLD:-$root/build/release/freehold}
peers=$root/build/peers
tokens=${2:-48}
if [ -f "$1" ]; then
  model=$(realpath "$1")
  name=$(basename "$model" .gguf)
else
  name=$("$freehold" pull "$1" --quiet)
  model=$("$freehold" inspect "$name" --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["path"])')
fi

mkdir -p "$peers" "$root/bench/results"
cp "$here"/*.mjs "$here/package.json" "$peers"
# Its own installation step would build from source when a binary is missing; take the binaries only.
[ -d "$peers/node_modules/node-llama-cpp" ] ||
  npm install --prefix "$peers" --ignore-scripts --no-audit --no-fund >&2
[ -x "$peers/gguf-venv/bin/python" ] || python3 -m venv "$peers/gguf-venv"
"$peers/gguf-venv/bin/python" -m pip install -q gguf==0.19.0

status=0
compare() { # compare MODEL NAME: the result takes its place only when it is whole
  node "$peers/llama_cpp_greedy.mjs" "$1" "$here/prompts.json" "$tokens" > "$peers/$2.json"
  node "$peers/compare.mjs" "$freehold" "$1" "$peers/$2.json" > "$peers/$2-compared.json" || status=1
  [ ! -s "$peers/$2-compared.json" ] || mv "$peers/$2-compared.json" "$root/bench/results/greedy-$2.json"
}
compare "$model" "$name"
"$peers/gguf-venv/bin/python" "$here/to_f32.py" "$model" "$peers/$name-f32.gguf"
compare "$peers/$name-f32.gguf" "$name-f32"
exit "$status"
