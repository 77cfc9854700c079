#!/usr/bin/env bash
# Runs the build steps of the Dockerfile without a container engine: each stage in a clean Debian root of its own, with what
# its base image brings and nothing else. So what is missing is found where no image can be built.
#
# Needs root and the system's packages. What the base images bring that Debian has not (Rust, Node) is this machine's.
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${OWLPOST_IMAGE_CACHE:-$HOME/.cache/owlpost/image}"
work=$(mktemp -d)
mounted=()

leave() {
    local at
    for ((at = ${#mounted[@]} - 1; at >= 0; at--)); do umount -l "${mounted[at]}" || true; done
    # What is mounted in there is this machine's own.
    if grep -qF " $work/" /proc/mounts; then
        echo "image-check: something is still mounted in $work, which is left as it is" >&2
    else
        rm -rf --one-file-system "$work"
    fi
}
trap leave EXIT

say() { printf -- '--- %s\n' "$*"; }
fail() { echo "image-check: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || { echo "left out: image-check needs root"; exit 0; }
if ! command -v mmdebstrap >/dev/null; then
    { apt-get install -y -qq --no-install-recommends mmdebstrap || { apt-get update -qq && apt-get install -y -qq --no-install-recommends mmdebstrap; }; } \
        >/dev/null 2>&1 || { echo "left out: mmdebstrap cannot be installed"; exit 0; }
fi

bind() { # source target
    mkdir -p "$1" "$2"
    mount --bind "$1" "$2" || { echo "left out: nothing can be mounted here"; exit 0; }
    mounted+=("$2")
}

# --- base images: what the published ones are made of ----------------------------------------------------------

packages_of() { # image
    case "$1" in
        debian:bookworm-slim) echo "" ;;
        node:*-bookworm-slim) echo "libstdc++6,ca-certificates" ;;
        rust:*-slim-bookworm) echo "ca-certificates,gcc,libc6-dev,wget" ;;
        *) fail "nobody has said what $1 is made of" ;;
    esac
}

make_root() { # image directory
    local tarball packages
    packages=$(packages_of "$1")
    tarball="$cache/root-$(printf '%s' "$1 $packages" | tr -c 'a-z0-9\n' '-').tar"
    if [ ! -f "$tarball" ]; then
        mkdir -p "$cache"
        # The machine's own sources, so that its mirror is used.
        mmdebstrap --quiet --mode=root --format=tar --variant=minbase ${packages:+--include="$packages"} \
            --skip=cleanup/apt/lists bookworm "$tarball.new" >&2
        mv "$tarball.new" "$tarball"
    fi
    mkdir -p "$2"
    tar -C "$2" -xf "$tarball" --exclude=./dev/*
    mkdir -p "$2/dev"
    for device in null zero random urandom; do
        touch "$2/dev/$device"
        mount --bind "/dev/$device" "$2/dev/$device" || { echo "left out: nothing can be mounted here"; exit 0; }
        mounted+=("$2/dev/$device")
    done
    bind /proc "$2/proc"
    cp /etc/resolv.conf "$2/etc/resolv.conf"
    # Of a machine whose registries are reached through a proxy of its own.
    mkdir -p "$2/etc/ssl/certs"
    if [ -f /etc/ssl/certs/ca-certificates.crt ]; then cp -L /etc/ssl/certs/ca-certificates.crt "$2/etc/ssl/certs/"; fi
    rm -rf "$2/etc/apt/sources.list" "$2/etc/apt/sources.list.d"
    cp -rL /etc/apt/. "$2/etc/apt/"
    case "$1" in
        rust:*)
            rust=$(sed -n 's/^FROM rust:\([0-9.]*\)-.*/\1/p' Dockerfile)
            sysroot=$(rustc --print sysroot)
            "$sysroot/bin/rustc" --version | grep -q "^rustc $rust" || fail "the image has Rust $rust, this machine $("$sysroot/bin/rustc" --version)"
            bind "$sysroot" "$2/usr/local/rust"
            bind "${CARGO_HOME:-$HOME/.cargo}/registry" "$2/usr/local/cargo/registry"
            if [ -f "${CARGO_HOME:-$HOME/.cargo}/config.toml" ]; then cp "${CARGO_HOME:-$HOME/.cargo}/config.toml" "$2/usr/local/cargo/"; fi
            bind "$cache/target" "$2/src/target"
            ;;
        node:*)
            node=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
            bind "$node" "$2/usr/local/node"
            if [ -f "$HOME/.npmrc" ]; then cp "$HOME/.npmrc" "$2/root/.npmrc"; fi
            ;;
    esac
}

# --- the instructions ------------------------------------------------------------------------------------------

declare -A root_of
stage=
directory=/

run_in_root() { # command
    env -i HOME=/root LANG=C.UTF-8 CARGO_HOME=/usr/local/cargo CARGO_NET_OFFLINE="${CARGO_NET_OFFLINE:-false}" \
        PATH=/usr/local/rust/bin:/usr/local/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} DEBIAN_FRONTEND=noninteractive \
        chroot "${root_of[$stage]}" sh -ec "cd '$directory'; $1"
}

copy_into_root() { # arguments of COPY
    local words=() from=. word target
    for word in $1; do
        case "$word" in
            --from=*) from="${root_of[${word#--from=}]}" ;;
            *) words+=("$word") ;;
        esac
    done
    target="${words[-1]}"
    unset 'words[-1]'
    case "$target" in
        /*) target="${root_of[$stage]}$target" ;;
        *) target="${root_of[$stage]}$directory/$target" ;;
    esac
    if [ "${#words[@]}" -gt 1 ] || [[ "$target" == */ ]] || [[ "$target" == */. ]]; then mkdir -p "$target"; fi
    mkdir -p "$(dirname "$target")"
    for word in "${words[@]}"; do
        if [ "$from" = . ]; then
            # What git has is what a clone has: the context of an image.
            if [ -d "$word" ]; then
                mkdir -p "$target"
                git ls-files -z --cached --others --exclude-standard "$word" | while IFS= read -r -d '' file; do
                    [ -e "$file" ] || continue
                    mkdir -p "$target/$(dirname "${file#"$word"/}")"
                    cp -p "$file" "$target/${file#"$word"/}"
                done
            else
                cp -p "$word" "$target"
            fi
        elif [ -d "$from$word" ]; then
            mkdir -p "$target" && cp -a "$from$word/." "$target/"
        else
            cp -p "$from$word" "$target"
        fi
    done
}

follow() { # instruction with its lines joined
    local words="${1#* }"
    case "$1" in
        'FROM '*)
            local image="${words%% *}" name="${words##* AS }"
            [ "$name" != "$words" ] || name=final
            stage="$name"
            directory=/
            root_of[$stage]="$work/$stage"
            say "stage $stage from $image"
            make_root "$image" "$work/$stage"
            ;;
        'WORKDIR '*) directory="$words"; mkdir -p "${root_of[$stage]}$directory" ;;
        'COPY '*) copy_into_root "$words" ;;
        'RUN '*)
            while [[ "$words" == --mount=* ]]; do words="${words#* }"; words="${words#"${words%%[![:space:]]*}"}"; done
            say "$words"
            run_in_root "$words"
            ;;
        'USER '* | 'ENV '* | 'EXPOSE '* | 'STOPSIGNAL '* | 'HEALTHCHECK '* | 'ENTRYPOINT '* | 'CMD '*) ;;
        *) fail "nobody has said how to follow: $1" ;;
    esac
}

instructions() { sed -e '/^#/d' -e '/^[[:space:]]*#/d' Dockerfile | sed -e ':a' -e '/\\$/{N;s/\\\n[[:space:]]*/ /;ba' -e '}' | sed '/^[[:space:]]*$/d'; }

while IFS= read -r instruction <&3; do follow "$instruction"; done 3< <(instructions)

stage=final
directory=/
say "the image's program"
run_in_root 'owlpost --version && test -z "$(ldd /usr/local/bin/owlpost | grep "not found")" && owlpost --help >/dev/null && id owlpost'
say "the image builds"
