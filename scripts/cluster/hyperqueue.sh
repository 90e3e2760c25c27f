#!/usr/bin/env bash
# A survey by HyperQueue: many small tasks in few jobs of a batch system. Needs a server and workers that run
# (`hq server start`, `hq worker start`, or `hq alloc add slurm`).
#
#   scripts/cluster/hyperqueue.sh NETWORK DATA OUT SHARDS
#
# NETWORK, DATA and OUT are on a file system that all workers share. Run again, it continues.
set -euo pipefail

if [ "${HQ_TASK_ID:-}" ]; then
    # a task of the array; exit code 3 means that images were skipped, each of which is named
    "${NANOAID:-nanoaid}" survey "$1" "$3/files.csv" --root "$2" --quiet --shard "$HQ_TASK_ID/$4" \
        --out "$3/parts/$HQ_TASK_ID" || [ $? -eq 3 ]
    exit
fi
if [ "$#" -ne 4 ]; then
    echo "usage: scripts/cluster/hyperqueue.sh NETWORK DATA OUT SHARDS" >&2
    exit 2
fi
program=${NANOAID:-nanoaid} out=$3
mkdir -p "$out"
[ -e "$out/files.csv" ] || "$program" survey list "$2" --out "$out/files.csv"
hq submit --array "1-$4" --cpus "${CPUS:-1}" --crash-limit 3 --wait --stdout none --stderr none \
    --env "NANOAID=$program" --env "NANOAID_KERNELS=${NANOAID_KERNELS:-avx2}" -- "$0" "$@"
"$program" survey merge "$out/parts" --out "$out/merged" || [ $? -eq 3 ]
