#!/usr/bin/env bash
# How much the maps of autoencoders show, and how well they reconstruct: the tables in docs/results.md.
#
#   scripts/lens-quality.sh DATA NETWORK…
#
# DATA holds the folders sem/ and sem2/ with their indexes. The first two micrographs of each category that are not openly
# licensed, so that no built-in network learnt from them. NETWORK is `autoencoder`, a run folder, or a file of weights.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=$(cd "${1:?usage: lens-quality.sh DATA NETWORK…}" && pwd)
shift
mapfile -t files < <(python3 "$root/scripts/laboratories.py" "$data" | awk -F, -v data="$data" \
    'NR > 1 && $4 == "test" && n[$2]++ < 2 { print data "/" $1 }')
cargo build --release --quiet --manifest-path "$root/Cargo.toml" -p nanoaid --example lens_quality
for network in "$@"; do
    printf '%s\n' "$network"
    "$root/target/release/examples/lens_quality" "$network" "${files[@]}"
done
