#!/usr/bin/env bash
# Trains the built-in autoencoder, and measures it on laboratories that it did not learn from.
#
#   scripts/autoencoder.sh DATA EFFICIENTNET_LITE0.safetensors RUN
#
# DATA holds the folders sem/ and sem2/ with their indexes; RUN is the run folder that is written. Openly licensed
# micrographs are learnt from; all others are test micrographs. About an hour on two cores; an existing RUN is resumed. NANOAID is the program, by default `nanoaid` on the PATH. Needs Python 3.9 without further
# packages.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=$(cd "${1:?usage: autoencoder.sh DATA WEIGHTS RUN}" && pwd)
weights=$(realpath "${2:?usage: autoencoder.sh DATA WEIGHTS RUN}")
run=$(realpath -m "${3:?usage: autoencoder.sh DATA WEIGHTS RUN}")
nanoaid=$(command -v "${NANOAID:-nanoaid}")
nanoaid=$(realpath "$nanoaid")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/data"
python3 "$root/scripts/laboratories.py" "$data" >"$work/data/index.csv"
ln -s "$data/sem" "$data/sem2" "$work/data/"
# the settings name the teacher without a folder, so that the run is the same wherever it lies
ln -s "$weights" "$work/efficientnet_lite0.safetensors"
cd "$work"
options=()
[ -e "$run/manifest.json" ] && options=(--resume)
"$nanoaid" train autoencoder data --settings "$root/scripts/autoencoder.toml" --validation-share 0.1 --synthetic 60 \
    --out "$run" "${options[@]}"
