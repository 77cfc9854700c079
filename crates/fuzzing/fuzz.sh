#!/usr/bin/env bash
# What `make fuzz` runs: every fuzz target under libFuzzer, one after the other, SECONDS each.
#
#   fuzz.sh SECONDS [TARGET...]
#
# Needs what building the server needs (stable Rust) and a C++ compiler. Fails when a target finds something, having
# said where the input is. What it learns is kept in $OWLPOST_FUZZ_DIR between runs; the repository is not touched.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:?how many seconds each target has}
shift
dir=${OWLPOST_FUZZ_DIR:-$HOME/.cache/owlpost/fuzz}
corpora=$PWD/crates/fuzzing/corpus
# Longest input. Formats with a bound of their own have it lower than this; what is longer takes time and shows nothing.
most_bytes=8192
# How long a process may stand still after its time before it is ended: the harness ends one input after 10 s.
grace_seconds=60

if ! command -v "${CXX:-c++}" >/dev/null; then
    echo "libFuzzer is built from source: install a C++ compiler (on Debian: apt-get install g++) or set CXX" >&2
    exit 2
fi

# Coverage counters in everything but build scripts and macros, which --target leaves as they are.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
packages=()
for manifest in $(grep -l '^owlpost-fuzzing' crates/*/Cargo.toml); do
    packages+=(-p "$(sed -n 's/^name = "\(.*\)"/\1/p' "$manifest" | head -n 1)")
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "building ${packages[*]} with coverage counters"
cargo test --locked --profile fuzz --target "$host" --target-dir "$dir/build" --lib --no-run "${packages[@]}" \
    2>&1 | tee "$scratch/built"
mapfile -t programs < <(sed -n 's/^ *Executable unittests .*(\(.*\))$/\1/p' "$scratch/built")

found=0 ran=0
for program in "${programs[@]}"; do
    # On threads, which have the stack of a thread of the server: 2 MiB.
    mapfile -t targets < <(OWLPOST_FUZZ_LIST=1 "$program" fuzz:: --nocapture --test-threads 2 \
        | sed -n 's/^fuzz target \(.*\) is \(.*\)$/\1 \2/p' | sort)
    for line in "${targets[@]}"; do
        read -r target test <<<"$line"
        if [ $# -gt 0 ] && [[ " $* " != *" $target "* ]]; then continue; fi
        ran=$((ran + 1))
        mkdir -p "$dir/corpus/$target" "$dir/findings/$target"
        log=$dir/findings/$target.log input=$dir/findings/$target.input
        printf -v arguments '%s\n' "$dir/corpus/$target" "$corpora/$target" \
            "-artifact_prefix=$scratch/" "-max_total_time=$seconds" "-max_len=$most_bytes" \
            -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 -verbosity=1
        code=0
        OWLPOST_FUZZ_ARGUMENTS=$arguments OWLPOST_FUZZ_INPUT=$input \
            timeout -k 5 $((seconds + grace_seconds)) "$program" "$test" --exact --nocapture --test-threads 2 \
            >"$log" 2>&1 || code=$?
        # A child that is gone without a word, as after an overflow of the stack, has left its input at hand.
        if [ "$code" = 0 ]; then
            rm -f "$input"
            printf '%-28s %s\n' "$target" "$(grep -a -o 'Done .*' "$log" || true) $(grep -a -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)"
        else
            found=$((found + 1))
            length=$(od -An -t u8 -N 8 "$input" 2>/dev/null | tr -d ' ')
            finding=$dir/findings/$target/input-$(date +%Y%m%d-%H%M%S)
            tail -c +9 "$input" 2>/dev/null | head -c "${length:-0}" >"$finding" || true
            rm -f "$input"
            printf '%-28s FOUND SOMETHING (exit %s): %s\n' "$target" "$code" "$finding"
            grep -a -v -e '^#[0-9]' -e '^INFO:' "$log" | tail -n 15 | sed 's/^/    /'
            echo "    whole log: $log"
            echo "    again:     cp '$finding' '$corpora/$target/' && cargo test --release --workspace --locked '$test'"
        fi
    done
done
if [ "$ran" = 0 ]; then
    echo "no fuzz target is called: $*" >&2
    exit 2
fi
[ "$found" = 0 ] || { echo "$found of $ran targets found something"; exit 1; }
echo "$ran targets found nothing in $seconds s each"
