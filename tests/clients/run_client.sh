#!/bin/sh
# Runs a client's tests against the server at FREEHOLD_URL (http://host:port, no path): run_client.sh NAME, a folder
# beside this file. Ends with 77, "skipped", when there is no Node.js or the pinned client cannot be installed.
set -eu
: "${FREEHOLD_URL:?says where the server is, as http://127.0.0.1:8080}"
cd "$(dirname "$0")/$1"
command -v node >/dev/null || { echo "skipped: Node.js is not installed"; exit 77; }
if [ ! -d node_modules ]; then
  npm ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1 ||
    { echo "skipped: the client $1 could not be installed (npm ci)"; exit 77; }
fi
exec npm test --silent
