#!/bin/sh
# Greedy text of Freehold and of llama.cpp on one GGUF file, by hand: tests/peers/run.sh MODEL [TOKENS]
# Fetches the peer's npm package (about 700 MB) into build/peers; writes bench/results/greedy-*.json.
set -eu
model=$(realpath "$1")
tokens=${2:-48}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
freehold=${FREEHOLD:-$root/build/release/freehold}
peers=$root/build/peers

mkdir -p "$peers" "$root/bench/results"
cp "$here"/*.mjs "$here/package.json" "$peers"
# Its own installation step would build from source when a binary is missing; take the binaries only.
[ -d "$peers/node_modules/node-llama-cpp" ] ||
  NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install --prefix "$peers" --ignore-scripts --no-audit --no-fund
name=$(basename "$model" .gguf)
node "$peers/llama_cpp_greedy.mjs" "$model" "$here/prompts.json" "$tokens" > "$peers/$name.json"
node "$peers/compare.mjs" "$freehold" "$model" "$peers/$name.json" > "$root/bench/results/greedy-$name.json"
