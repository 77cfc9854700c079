#!/usr/bin/env bash
# Makes a virtual environment with the generator of Python clients, python-socketio and clients of SignalR and STOMP: install-python.sh DIRECTORY
# Does nothing when it is there already. As root on a Debian it installs Python too; elsewhere it says what is missing.
set -euo pipefail
environment=$1
requirements=$(dirname "$(readlink -f "$0")")/requirements.txt

is_complete() {
    cmp -s "$requirements" "$environment/requirements.txt" \
        && "$environment/bin/python" -c 'import aiohttp, openapi_python_client, pysignalr, signalrcore, socketio, stomp, stompman' 2>/dev/null
}

is_fit_python() {
    command -v python3 >/dev/null && python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if is_complete; then exit 0; fi
if ! is_fit_python && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv
    hash -r
fi
if ! is_fit_python; then
    echo "The tests of clients in Python need Python 3.11 or newer with its modules venv and ensurepip (on Debian" >&2
    echo "python3 and python3-venv): install them with the system's package manager." >&2
    exit 1
fi
python3 -m venv --clear "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: \
    --require-hashes --requirement "$requirements"
# Last, since it says that all went well.
cp "$requirements" "$environment/requirements.txt"
