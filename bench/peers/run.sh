#!/bin/sh
# Freehold beside llama.cpp and OpenVINO on this machine: bench/peers/run.sh [--quick] [MODEL…] [CASE…]
# Builds and fetches the peers and makes the models once, under build/peers. run.sh --help says the rest.
exec python3 "$(dirname "$0")/run.py" "$@"
