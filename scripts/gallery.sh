#!/usr/bin/env bash
# The pictures of docs/gallery.md and docs/method.md, and the distances that the gallery tells.
#
# Usage: [NANOAID=PROGRAM] [PYTHON=PYTHON] scripts/gallery.sh DATA SQUEEZENET.safetensors RUNS OUT
# DATA are micrographs (the mean spectrum of MACO); RUNS is what scripts/three-starts.sh left. OUT gets the pictures with
# their records. The Python needs Pillow to put them side by side.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 squeezenet=$2 runs=$3 out=$4
nanoaid=${NANOAID:-target/release/nanoaid}
[ -n "${NANOAID:-}" ] || cargo build --release --quiet
python=${PYTHON:-python3}
mkdir -p "$out"

units() { for channel in 0 1 2 3 4 5 6 7; do printf -- '--unit\n%s:%s\n' "$1" "$channel"; done; }
show() { # name, run, arguments
    local name=$1 run=$2
    shift 2
    "$nanoaid" visualize "$run" --out "$out/$name" "$@" >"$out/$name.txt"
}
mapfile -t layer2 < <(units encoder.2); mapfile -t layer3 < <(units encoder.3); mapfile -t layer4 < <(units _blocks.10)
mapfile -t fire3 < <(units fire3.expand3x3); mapfile -t fire6 < <(units fire6.expand3x3)
show autoencoder-2 autoencoder "${layer2[@]}"
show autoencoder-3 autoencoder "${layer3[@]}"
show classifier-4 classifier "${layer4[@]}"
show classifier-classes classifier --classes --size 128
show squeezenet-3 "$squeezenet" "${fire3[@]}"
show squeezenet-6 "$squeezenet" "${fire6[@]}"
for start in frozen fine-tuned random; do
    show "$start-6" "$runs/squeezenet-$start-0" "${fire6[@]}"
    show "$start-classes" "$runs/squeezenet-$start-0" --classes
done
# how far apart are the pictures of two starts, and of two seeds of one start?
for start in fine-tuned random; do
    show "$start-classes-1" "$runs/squeezenet-$start-1" --classes
    show "$start-6-1" "$runs/squeezenet-$start-1" "${fire6[@]}"
done
# the presets, on two classes and a channel
for preset in chollet fast measure robust maco; do
    more=()
    [ "$preset" = maco ] && more=(--data "$data")
    show "preset-$preset" classifier --preset "$preset" --unit class:fibres --unit class:powder --unit _blocks.10:3 \
        "${more[@]}"
done
"$python" scripts/gallery.py "$out" docs
for what in 6 classes; do
    echo "log spectral distance, $what:"
    cargo run --release --quiet -p micrograph --example spectral_distance -- \
        "$out/fine-tuned-$what" "$out/fine-tuned-$what-1" "$out/random-$what" "$out/random-$what-1"
done
