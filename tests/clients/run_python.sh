#!/bin/sh
# Runs the Python clients' tests against the server at FREEHOLD_URL: run_python.sh FOLDER, where the packages of
# python/requirements.txt are kept between runs. Ends with 77, "skipped", when there is no Python that makes
# environments or the pinned packages cannot be installed.
set -eu
: "${FREEHOLD_URL:?says where the server is, as http://127.0.0.1:8080}"
wanted="$(cd "$(dirname "$0")" && pwd)/python"
folder=$1
if ! cmp -s "$wanted/requirements.txt" "$folder/installed.txt"; then
  rm -rf "$folder"
  python3 -m venv "$folder" 2>/dev/null || { echo "skipped: python3 -m venv does not work here"; exit 77; }
  "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$wanted/requirements.txt" >/dev/null 2>&1 ||
    { echo "skipped: the Python clients could not be installed (pip)"; exit 77; }
  cp "$wanted/requirements.txt" "$folder/installed.txt"
fi
exec "$folder/bin/python" -m unittest discover -v -s "$wanted"
