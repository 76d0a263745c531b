#!/bin/sh
# Install everything into .venv: Python 3.11 to 3.13 and make are all this needs.
# uv does the work; it is used if present and bootstrapped into .tools if not.
set -eu
cd "$(dirname "$0")"

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

python=""
for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    if [ -n "$candidate" ] && fits "$candidate"; then python=$(command -v "$candidate"); break; fi
done
if [ -z "$python" ]; then
    echo "install: no Python 3.11, 3.12 or 3.13 found; install one, or name it: make PYTHON=/path/to/python3.12" >&2
    exit 1
fi

if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    uv=.tools/uv/bin/uv
    if [ ! -x "$uv" ]; then
        echo "install: bootstrapping uv into .tools"
        rm -rf .tools/uv
        if ! "$python" -m venv .tools/uv >/dev/null 2>&1; then
            # Debian and Ubuntu keep venv in a package of its own.
            version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
                apt-get update -qq && apt-get install -y -qq "python$version-venv" >/dev/null
                rm -rf .tools/uv && "$python" -m venv .tools/uv
            else
                echo "install: this Python has no venv module; run: sudo apt-get install python$version-venv" >&2
                exit 1
            fi
        fi
        .tools/uv/bin/python -m pip install --quiet "uv>=0.8,<1"
    fi
fi

if [ ! -x .venv/bin/python ] || ! fits .venv/bin/python; then
    "$uv" venv --quiet --clear --python "$python" .venv
fi
echo "install: packages of requirements.lock, checked by hash"
# Compiled now: the first command need not, nor every command where Python writes no bytecode.
"$uv" pip install --quiet --python .venv/bin/python --compile-bytecode --no-deps --require-hashes \
    -r requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
.venv/bin/python -m compileall -q dataset_build segmentation camera_analysis assets pipelines

# The embedded mongod of FiftyOne needs libcurl, which a bare system lacks.
mongod=$(find .venv/lib -path '*fiftyone/db/bin/mongod' | head -n 1)
if [ -n "$mongod" ] && ! "$mongod" --version >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq
        apt-get install -y -qq libcurl4 >/dev/null || apt-get install -y -qq libcurl4t64 >/dev/null
    else
        echo "install: FiftyOne's database does not start; run: sudo apt-get install libcurl4" >&2
        exit 1
    fi
fi
touch .venv/installed
