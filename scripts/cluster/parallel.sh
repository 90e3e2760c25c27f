#!/usr/bin/env bash
# A survey by GNU parallel: on this machine, or on those of a file in the form of its --sshloginfile.
#
#   scripts/cluster/parallel.sh NETWORK DATA OUT SHARDS [JOBS] [MACHINES]
#
# NETWORK, DATA and OUT are on a file system that all machines share. Run again, it continues.
set -euo pipefail

if [ "$#" -lt 4 ]; then
    echo "usage: scripts/cluster/parallel.sh NETWORK DATA OUT SHARDS [JOBS] [MACHINES]" >&2
    exit 2
fi
network=$1 data=$2 out=$3 shards=$4 jobs=${5:-2}
program=${NANOAID:-nanoaid}
machines=()
[ -z "${6:-}" ] || machines=(--sshloginfile "$6" --env NANOAID_KERNELS)
mkdir -p "$out"
[ -e "$out/files.csv" ] || "$program" survey list "$data" --out "$out/files.csv"
export NANOAID_KERNELS=${NANOAID_KERNELS:-avx2}

# exit code 3 means that images were skipped, each of which is named
seq "$shards" | parallel --jobs "$jobs" "${machines[@]}" --retries 3 \
    "$(printf %q "$program") survey $(printf '%q ' "$network" "$out/files.csv") --root $(printf %q "$data") --quiet \
    --shard {}/$shards --out $(printf %q "$out")/parts/{} || [ \$? -eq 3 ]"
"$program" survey merge "$out/parts" --out "$out/merged" || [ $? -eq 3 ]
