#!/bin/sh
# Runs the openai client's tests against the server at FREEHOLD_URL (http://host:port, no path).
# Ends with 77, "skipped", when there is no Node.js or the pinned client cannot be installed.
set -eu
: "${FREEHOLD_URL:?says where the server is, as http://127.0.0.1:8080}"
cd "$(dirname "$0")/openai"
command -v node >/dev/null || { echo "skipped: Node.js is not installed"; exit 77; }
if [ ! -d node_modules/openai ]; then
  npm ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1 ||
    { echo "skipped: the openai client could not be installed (npm ci)"; exit 77; }
fi
exec npm test --silent
