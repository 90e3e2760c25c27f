#!/usr/bin/env bash
# The pictures of docs/specimens.md: eight real micrographs, each through the first three layers of the built-in autoencoder.
#
# Usage: [NANOAID=PROGRAM] [PYTHON=PYTHON] scripts/specimens.sh SHARED/data OUT
# OUT gets the views with their records; docs/specimens-1.jpg and -2.jpg are written. The Python needs Pillow.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1/sem out=$2
nanoaid=${NANOAID:-target/release/nanoaid}
[ -n "${NANOAID:-}" ] || cargo build --release --quiet
files=(
    biological/axondeepseg__sub-rat1-sample-data1-sem.jpg
    fibres/dreguerra__poegma-cnc-1-65wtpct-elecspun-unaligned-200x.png
    films_coated_surface/nasa__010417-4-s2480009.jpg
    mems_devices_and_electrodes/shanto268__og.jpg
    nanowires/boguslawobara__nanotubes.jpg
    particles/lwang94__l2-0a111f9bab302c27064c3d9166f2afc4.jpg
    patterned_surface/nynra__legacy-analysis-test.jpg
    porous_sponge/nasa__npg.jpg
)
"$nanoaid" lens "${files[@]/#/$data/}" --out "$out" --force --quiet >/dev/null
"${PYTHON:-python3}" scripts/specimens.py "$out" docs "${files[@]}"
