#!/usr/bin/env bash
# Feeds what is in this folder to the programs that will read it. With --install, what is missing is installed from the
# system's packages first (as root); without, a check whose program is missing is left out, and says so.
set -euo pipefail
cd "$(dirname "$0")"

install=false
if [ "${1:-}" = --install ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then install=true; fi
left_out=0

have() { # program package
    if command -v "$1" >/dev/null; then return 0; fi
    if $install && { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" \
            || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; }; } >/dev/null 2>&1 \
            && command -v "$1" >/dev/null; then
        # Packages start what they bring; nobody asked for that.
        if command -v service >/dev/null; then service "$2" stop >/dev/null 2>&1 || true; fi
        return 0
    fi
    echo "left out: $1 is not installed"
    left_out=$((left_out + 1))
    return 1
}

if have promtool prometheus; then
    (cd prometheus && promtool check rules alerts.yml && promtool test rules alerts-test.yml)
fi
if have haproxy haproxy; then
    # Its nodes are names of a network that is not here.
    haproxy -c -q -f haproxy.cfg && echo "haproxy.cfg: good"
fi
if have nginx nginx-light; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    printf 'pid %s/pid;\nerror_log stderr;\nevents {}\nhttp { access_log off; include %s/nginx.conf; }\n' "$scratch" "$PWD" >"$scratch/nginx.conf"
    nginx -t -q -c "$scratch/nginx.conf" && echo "nginx.conf: good"
fi
if have systemd-analyze systemd; then
    unit=$(mktemp -d)
    # The program need not be installed for the unit to be right.
    sed 's#^ExecStart=/usr/local/bin/owlpost#ExecStart=/bin/true#; s#^EnvironmentFile=.*##' systemd/owlpost.service >"$unit/owlpost.service"
    said=$(systemd-analyze verify --man=no "$unit/owlpost.service" 2>&1 | grep -F owlpost.service || true)
    rm -rf "$unit"
    if [ -n "$said" ]; then echo "$said"; exit 1; fi
    echo "owlpost.service: good"
fi
python3 - <<'PYTHON'
import json, pathlib
dashboard = json.loads(pathlib.Path("grafana/owlpost.json").read_text())
ids = [panel["id"] for panel in dashboard["panels"]]
assert len(ids) == len(set(ids)) and len(ids) > 10, "panels"
assert all(panel.get("targets") for panel in dashboard["panels"] if panel["type"] != "row"), "an empty panel"
print("grafana/owlpost.json: good")
PYTHON
echo "$left_out checks left out"
