#!/bin/bash
# A survey as a Slurm array: a shard a task, then the merge.
#
#   scripts/cluster/slurm.sh NETWORK DATA OUT SHARDS [MOST_AT_ONCE]
#
# NETWORK, DATA and OUT are on a file system that all nodes share. A task that is killed, or runs out of time, continues
# where it was when the script is run again. Options of your site (account, partition) go into SBATCH_OPTIONS.
set -euo pipefail

if [ "${SLURM_ARRAY_TASK_ID:-}" ]; then
    # a task of the array
    exec "${NANOAID:-nanoaid}" survey "$1" "$3/files.csv" --root "$2" --quiet \
        --shard "$SLURM_ARRAY_TASK_ID/$4" --out "$3/parts/$SLURM_ARRAY_TASK_ID"
fi
if [ "$#" -lt 4 ]; then
    echo "usage: scripts/cluster/slurm.sh NETWORK DATA OUT SHARDS [MOST_AT_ONCE]" >&2
    exit 2
fi
network=$1 data=$2 out=$3 shards=$4 at_once=${5:-32}
program=${NANOAID:-nanoaid}
mkdir -p "$out/logs"
# one reads all files for their contents, so that tasks read only their own
[ -e "$out/files.csv" ] || "$program" survey list "$data" --out "$out/files.csv"

read -ra options <<<"${SBATCH_OPTIONS:-}"
# exit code 3 means that images were skipped, each of which is named: no reason to repeat the task
job=$(sbatch --parsable "${options[@]}" --job-name=nanoaid-survey --array="1-$shards%$at_once" \
    --cpus-per-task="${CPUS:-4}" --mem="${MEMORY:-4G}" --time="${TIME:-04:00:00}" --requeue \
    --output="$out/logs/%a.txt" --export=ALL,NANOAID="$program",NANOAID_KERNELS="${NANOAID_KERNELS:-avx2}" \
    "$0" "$network" "$data" "$out" "$shards")
sbatch "${options[@]}" --job-name=nanoaid-merge --dependency="afterany:${job%%;*}" --cpus-per-task=2 \
    --mem="${MERGE_MEMORY:-8G}" --output="$out/logs/merge.txt" \
    --wrap="'$program' survey merge '$out/parts' --out '$out/merged'"
