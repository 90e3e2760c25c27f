#!/usr/bin/env bash
# Runs the scripts of this folder on a small folder of micrographs, and compares with the bytes of one machine.
#
#   scripts/cluster/try.sh PROGRAM [DATA]
#
# PROGRAM is the binary nanoaid; DATA a folder of micrographs, by default copies of the repository's own. What is not
# installed is named and skipped (GNU parallel, Snakemake, HyperQueue); Slurm's sbatch is a stub that runs the tasks in
# turn, kills one and repeats it. Ends with `N passed, N failed, N skipped`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ "$#" -lt 1 ]; then
    echo "usage: scripts/cluster/try.sh PROGRAM [DATA]" >&2
    exit 2
fi
NANOAID=$(realpath "$1")
export NANOAID NANOAID_KERNELS=portable
place=$(mktemp -d)
servers=()
trap '[ "${#servers[@]}" -eq 0 ] || kill "${servers[@]}" 2>/dev/null || true; rm -rf "$place"' EXIT
data=${2:-}
if [ -z "$data" ]; then
    data=$place/data
    assets=$here/../../crates
    mkdir -p "$data/wires" "$data/makers"
    cp "$assets/nanoaid-cli/assets/demo/nanowires.jpg" "$data/wires"
    cp "$assets"/micrograph/tests/makers/*.tif "$data/makers"
    echo 'no image' >"$data/wires/poisoned.png"
fi
data=$(realpath "$data")
passed=0 failed=0 skipped=0

# ends well, or with skipped images
well() {
    "$@" || [ $? -eq 3 ]
}

same() {
    if [ -e "$2/survey.json" ] && diff -r --exclude .nanoaid.lock "$place/whole" "$2" >"$place/diff.txt" 2>&1; then
        echo "$1: the bytes of one machine"
        passed=$((passed + 1))
    else
        echo "$1: differs: $(head -3 "$place/diff.txt" 2>/dev/null)"
        failed=$((failed + 1))
    fi
}

skip() {
    echo "$1: skipped, not installed"
    skipped=$((skipped + 1))
}

well "$NANOAID" survey classifier "$data" --quiet --out "$place/whole" >"$place/whole.txt" 2>&1 || cat "$place/whole.txt"

# Slurm: a stub that does what sbatch does with the options of the script
mkdir "$place/bin"
cat >"$place/bin/sbatch" <<'STUB'
#!/usr/bin/env bash
set -uo pipefail
array='' wrap='' dependency='' script=()
for word in "$@"; do
    case $word in
        --array=*) array=${word#--array=} ;;
        --wrap=*) wrap=${word#--wrap=} ;;
        --dependency=*) dependency=${word#--dependency=} ;;
        --export=*) IFS=, read -ra variables <<<"${word#--export=ALL,}" && export "${variables[@]}" ;;
        --*) ;;
        *) script+=("$word") ;;
    esac
done
[ -z "$dependency" ] || [ "$dependency" = afterany:4711 ] || { echo "dependency: $dependency" >&2; exit 1; }
if [ -n "$wrap" ]; then
    bash -c "$wrap" >&2 || [ $? -eq 3 ]
    exit
fi
[[ $array =~ ^1-([0-9]+)%[0-9]+$ ]] || { echo "array: $array" >&2; exit 1; }
for index in $(seq "${BASH_REMATCH[1]}"); do
    export SLURM_ARRAY_TASK_ID=$index
    if [ "$index" = 2 ]; then
        # as at the end of its time: killed, then queued again
        timeout --signal=KILL 0.05 "${script[@]}" >&2
    fi
    "${script[@]}" >&2 || [ $? -eq 3 ] || exit 1
done
echo 4711
STUB
chmod +x "$place/bin/sbatch"
PATH=$place/bin:$PATH well "$here/slurm.sh" classifier "$data" "$place/slurm" 3 >"$place/slurm.txt" 2>&1 ||
    tail -20 "$place/slurm.txt"
same 'Slurm array (a stub of sbatch)' "$place/slurm/merged"

if command -v parallel >/dev/null; then
    well "$here/parallel.sh" classifier "$data" "$place/parallel" 4 2 >"$place/parallel.txt" 2>&1 ||
        tail -20 "$place/parallel.txt"
    same 'GNU parallel' "$place/parallel/merged"
else
    skip 'GNU parallel'
fi

if command -v snakemake >/dev/null; then
    snakemake --snakefile "$here/Snakefile" --directory "$place" --cores 2 --config network=classifier \
        data="$data" out="$place/snakemake" shards=5 nanoaid="$NANOAID" kernels=portable >"$place/snakemake.txt" 2>&1 ||
        tail -20 "$place/snakemake.txt"
    same 'Snakemake' "$place/snakemake/merged"
else
    skip 'Snakemake'
fi

# HyperQueue: real where it is installed, else a stub that runs the tasks in turn
hyperqueue=HyperQueue
if command -v hq >/dev/null; then
    export HQ_SERVER_DIR=$place/hq
    hq server start >"$place/hq-server.txt" 2>&1 &
    servers+=($!)
    for _ in $(seq 50); do
        hq server info >/dev/null 2>&1 && break
        sleep 0.1
    done
    hq worker start --cpus 2 >"$place/hq-worker.txt" 2>&1 &
    servers+=($!)
else
    hyperqueue='HyperQueue (a stub of hq)'
    cat >"$place/bin/hq" <<'STUB'
#!/usr/bin/env bash
set -uo pipefail
array=''
[ "$1" = submit ] || { echo "hq: $1" >&2; exit 1; }
shift
while [ "$1" != -- ]; do
    case $1 in
        --array) array=$2 && shift 2 ;;
        --env) export "$2" && shift 2 ;;
        --cpus | --crash-limit | --stdout | --stderr) shift 2 ;;
        --wait) shift ;;
        *) echo "hq: unknown $1" >&2 && exit 1 ;;
    esac
done
shift
for index in $(seq "${array%-*}" "${array#*-}"); do
    HQ_TASK_ID=$index "$@" || exit 1
done
STUB
    chmod +x "$place/bin/hq"
fi
PATH=$place/bin:$PATH well "$here/hyperqueue.sh" classifier "$data" "$place/hyperqueue" 4 >"$place/hyperqueue.txt" 2>&1 ||
    tail -20 "$place/hyperqueue.txt"
same "$hyperqueue" "$place/hyperqueue/merged"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
