#!/usr/bin/env bash
# From the published NFFA-EUROPE micrographs to an atlas of networks that are trained on them: fetch → check → autoencoder
# → three starts of a classifier → atlas → the paper's figures. Each step is skipped where it is done, so the same command resumes.
#
#   scripts/nffa.sh OUT                      the 100 % set, SAMPLE micrographs of each category (SAMPLE=all: whole)
#   scripts/nffa.sh --stand-in DATA OUT      the same in small: DATA holds a folder of micrographs for each category, which
#                                            a server on this machine offers under the names of the set
#
# NANOAID is the program, by default target/release/nanoaid, which is built first. SAMPLE (200), EPOCHS (40, of the
# autoencoder), STARTS_EPOCHS (60) and STEPS (256, of a picture) set how much is done.
#
# With the real set 13.6 GB are read, whatever SAMPLE is: 45 min at 5 MB/s. SAMPLE=200 keeps at most 1.6 GB. How long each
# training and the atlas take on your machine is estimated by the program once it has measured its own pace.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
stand_in=
if [ "${1:-}" = --stand-in ]; then
    stand_in=$(cd "${2:?usage: nffa.sh [--stand-in DATA] OUT}" && pwd)
    shift 2
fi
out=${1:?usage: nffa.sh [--stand-in DATA] OUT}
if [ -n "$stand_in" ]; then
    sample=${SAMPLE:-6} epochs=${EPOCHS:-1} starts_epochs=${STARTS_EPOCHS:-2} steps=${STEPS:-8}
    small=(--patches-per-epoch 16) networks=(classifier-fine-tuned) layers=(--layer head)
else
    sample=${SAMPLE:-200} epochs=${EPOCHS:-40} starts_epochs=${STARTS_EPOCHS:-60} steps=${STEPS:-256}
    small=() networks=(autoencoder classifier-fine-tuned) layers=()
fi
if [ -z "${NANOAID:-}" ]; then
    (cd "$root" && cargo build --release --quiet)
    NANOAID=$root/target/release/nanoaid
fi
nanoaid=$(command -v "$NANOAID") || { echo "nffa.sh: $NANOAID: not a program; build it, or set NANOAID" >&2; exit 1; }
case $nanoaid in /*) ;; *) nanoaid=$PWD/$nanoaid ;; esac
mkdir -p "$out"
cd "$out"

step() { printf '\n== %s\n' "$*" >&2; }
finished() { grep -qs '"status": "done"\|"status": "stopped_early"' "$1/manifest.json"; }
# what the program says by its exit code: 3 some files were skipped, 4 problems were found; each was named
tolerated() { "$@" || { code=$?; [ $code = 3 ] || [ $code = 4 ] || exit $code; }; }

fetch=(dataset fetch nffa --to set)
[ "$sample" = all ] || fetch+=(--sample "$sample")
if [ -n "$stand_in" ]; then
    command -v python3 >/dev/null || { echo "nffa.sh: --stand-in needs python3, for its server" >&2; exit 1; }
    port_file=$(mktemp -d)/port
    python3 "$root/scripts/nffa_server.py" "$stand_in" $((sample == 0 ? 1 : 2 * sample)) "$port_file" &
    server=$!
    trap 'kill "$server" 2>/dev/null || true; rm -rf "$(dirname "$port_file")"' EXIT
    for _ in $(seq 100); do
        [ -s "$port_file" ] && break
        kill -0 "$server" 2>/dev/null || { echo "nffa.sh: the server of the stand-in has ended" >&2; exit 1; }
        sleep 0.1
    done
    fetch+=(--mirror "http://127.0.0.1:$(cat "$port_file")")
fi

step "fetch"
tolerated "$nanoaid" "${fetch[@]}"

step "check"
tolerated "$nanoaid" dataset check set

step "train the autoencoder, the network of the lens"
finished autoencoder || tolerated "$nanoaid" train autoencoder set --epochs "$epochs" "${small[@]}" --out autoencoder --resume

for start in frozen fine-tuned random; do
    step "train a classifier, start $start"
    base=(--base autoencoder)
    [ "$start" != random ] || base=()
    finished "classifier-$start" || tolerated "$nanoaid" train classifier set --start "$start" "${base[@]}" \
        --epochs "$starts_epochs" --out "classifier-$start" --resume
done

step "atlas"
tolerated "$nanoaid" site "${networks[@]}" --data set --presets fast --steps "$steps" "${layers[@]}" --out atlas

step "the figures of the paper"
starts=()
for start in frozen fine-tuned random; do starts+=(--start "classifier-$start"); done
tolerated "$nanoaid" reproduce --data set --autoencoder autoencoder --classifier classifier-fine-tuned "${starts[@]}" \
    --steps "$steps" --out paper --force

step "done"
echo "open $PWD/atlas/index.html and $PWD/paper/index.html"
