#!/usr/bin/env bash
# Packs what a release has in it: the program with its manual and completions, the files of deploy, licences and bills of materials.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$("$BIN" --version | cut -d' ' -f2)
target=$(rustc -vV | sed -n 's/^host: //p')
name="owlpost-$version-$target"
out="dist/$name"
rm -rf "$out"
mkdir -p "$out/completions" "$out/man"

install -m 755 "$BIN" "$out/owlpost"
(cd "$out" && ./owlpost man >man/owlpost.1 && for shell in bash zsh fish; do ./owlpost completions "$shell" >"completions/owlpost.$shell"; done)
cp LICENSE NOTICE README.md CHANGELOG.md SECURITY.md "$out/"
cp -r deploy/systemd deploy/kubernetes deploy/prometheus deploy/grafana deploy/haproxy.cfg deploy/nginx.conf "$out/"

cargo about generate --fail --manifest-path crates/server/Cargo.toml --config deploy/release/about.toml deploy/release/about.hbs >"$out/THIRD-PARTY.txt"
cargo cyclonedx --quiet --format json --manifest-path crates/server/Cargo.toml --override-filename owlpost-sbom
mv crates/server/owlpost-sbom.json "$out/SBOM-server.cdx.json"
find crates -name 'owlpost-sbom.json' -delete
(cd web && npm sbom --omit dev --sbom-format cyclonedx) >"$out/SBOM-dashboard.cdx.json"

tar -C dist -czf "dist/$name.tar.gz" "$name"
(cd dist && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "dist/$name.tar.gz"
