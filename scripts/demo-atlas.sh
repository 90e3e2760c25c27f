#!/usr/bin/env bash
# Makes the atlas that comes with `nanoaid demo`: both built-in networks over 12 real micrographs.
#
#   scripts/demo-atlas.sh DATA [OUT]       DATA holds the folders sem/ and sem2/; OUT is the archive to write
#   scripts/demo-atlas.sh --check DATA     makes it again and compares every file with the archive in the repository
#
# NANOAID is the program, by default `nanoaid` on the PATH. The same program, micrographs and kind of CPU give
# the same bytes. Sources and licences of the micrographs stand in NOTICE.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
asset=$root/crates/nanoaid-cli/assets/demo/atlas.tar.gz
check=
if [ "${1:-}" = --check ]; then
    check=yes
    shift
fi
data=${1:?usage: demo-atlas.sh [--check] DATA [OUT]}
out=${2:-$asset}
nanoaid=${NANOAID:-nanoaid}

micrographs="
sem/fibres/dreguerra__poegma-cnc-0-2wtpct.png
sem/fibres/dreguerra__poegma-cnc-1-65wtpct-elecspun-aligned-400x.png
sem/films_coated_surface/dreguerra__kdf-biaxial-20um.png
sem/films_coated_surface/dreguerra__kdf-uniaxial-20um.png
sem/nanowires/martin09__nw-classification.jpg
sem/nanowires/martin09__overall-image.jpg
sem/particles/rgebhart__r5-k3k4me3-sio2-2-2.png
sem/particles/rgebhart__r5-k3me3-sio2-3-3.png
sem/patterned_surface/nynra__test-analysis-raw-half-lines.jpg
sem/patterned_surface/nynra__test-stack1.jpg
sem2/porous_sponge/ayseguldmrblk__2ne-02.jpeg
sem2/porous_sponge/ayseguldmrblk__k-zn4n-7.jpeg
"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in $micrographs; do
    category=$(basename "$(dirname "$file")")
    mkdir -p "$work/micrographs/$category"
    cp "$data/$file" "$work/micrographs/$category/"
done
(
    # relative names, so that no folder of this machine gets into the pages
    cd "$work"
    "$nanoaid" site autoencoder classifier --data micrographs --layer encoder.2 --layer latent --layer _blocks.4 --layer head \
        --contrast fibres,nanowires:films_coated_surface,particles,porous_sponge --presets fast --steps "${STEPS:-256}" --out atlas
    rm -rf atlas/kept
)
if [ -n "$check" ]; then
    mkdir "$work/shipped"
    tar -xzf "$asset" -C "$work/shipped"
    diff -r "$work/atlas" "$work/shipped"
    echo "the same: $(find "$work/shipped" -type f | wc -l) files"
    exit
fi
# the same bytes each time: sorted names, no owners, no times
tar -C "$work/atlas" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=u=rwX,go=rX -cf - . | gzip -9n > "$work/atlas.tar.gz"
mv "$work/atlas.tar.gz" "$out"
ls -l "$out"
