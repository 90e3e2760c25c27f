#!/usr/bin/env bash
# Trains a classifier of the ten categories on frozen features of a photo network, and judges it by laboratories left out.
#
#   scripts/frozen-classifier.sh DATA EFFICIENTNET_LITE0.safetensors RUN
#
# DATA holds the folders sem/ and sem2/ with their indexes; RUN is the run folder that is written. Openly licensed
# micrographs are learnt from; all others are test micrographs. The group of a micrograph is its laboratory: the
# repository or the preprint that it comes from. NANOAID is the program, by default `nanoaid` on the PATH. Needs Python
# 3.9 without further packages.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=$(cd "${1:?usage: frozen-classifier.sh DATA WEIGHTS RUN}" && pwd)
weights=${2:?usage: frozen-classifier.sh DATA WEIGHTS RUN}
run=${3:?usage: frozen-classifier.sh DATA WEIGHTS RUN}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$root/scripts/laboratories.py" "$data" >"$work/index.csv"
ln -s "$data/sem" "$data/sem2" "$work/"
"${NANOAID:-nanoaid}" train classifier "$work" --only 'category=biological|fibres|films|mems|nanowires|particles|patterned|porous|powder|tips' \
    --start frozen --base "$weights" --settings "$root/scripts/frozen-classifier.toml" \
    --validation-share 0 --synthetic-per-category 300 --out "$run" --force
