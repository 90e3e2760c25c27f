#!/usr/bin/env bash
# The table of docs/results.md: the three starts, three seeds each, on the micrographs of a data set with an index.
#
# Usage: [NANOAID=PROGRAM] scripts/three-starts.sh DATA SQUEEZENET.safetensors OUT [SEED…]
# DATA holds index.csv; categories with too few micrographs are left out. OUT gets one run folder a training; runs that
# are finished there are not repeated. Without NANOAID the program is built first.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1 squeezenet=$2 out=$3
shift 3
seeds=("${@:-0 1 2}")
read -ra seeds <<<"${seeds[*]}"
only='category=biological|fibres|films|nanowires|particles|patterned|porous|powder'
nanoaid=${NANOAID:-target/release/nanoaid}
[ -n "${NANOAID:-}" ] || cargo build --release --quiet
mkdir -p "$out"
TIMEFORMAT='%R %U %S'
run() { # name, seed, arguments
    local name=$1 seed=$2
    shift 2
    local folder="$out/$name-$seed"
    if ! grep -qs '"status": "done"\|"status": "stopped_early"' "$folder/manifest.json"; then
        {
            time "$nanoaid" train classifier "$data" --only "$only" --seed "$seed" --out "$folder" --force "$@" \
                >/dev/null 2>"$folder.log"
        } 2>"$folder.seconds"
    fi
}
for seed in "${seeds[@]}"; do
    run squeezenet-frozen "$seed" --start frozen --base "$squeezenet"
    run squeezenet-fine-tuned "$seed" --start fine-tuned --base "$squeezenet" --epochs 12
    run squeezenet-random "$seed" --start random --base "$squeezenet" --epochs 25
    run own-random "$seed" --start random
done
python3 - "$out" "${seeds[@]}" <<'P'
import json, os, sys

out, seeds = sys.argv[1], sys.argv[2:]
print("| network, start | seed | accuracy | macro-F1 | p (shuffled labels) | s | of the processor, s |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for name in ("squeezenet-frozen", "squeezenet-fine-tuned", "squeezenet-random", "own-random"):
    for seed in seeds:
        folder = os.path.join(out, f"{name}-{seed}")
        report = json.load(open(os.path.join(folder, "result.json")))["report"]

        def cell(estimate):
            interval = estimate["interval"]
            return f"{estimate['value']:.2f} [{interval['low']:.2f}, {interval['high']:.2f}]"

        wall, user, system = map(float, open(folder + ".seconds").read().split())
        p = report["chance"]["p_value"]
        figures = f"{cell(report['accuracy'])} | {cell(report['macro_f1'])} | {p:.3f} | {wall:.0f} | {user + system:.0f}"
        print(f"| {name.replace('-', ', ', 1)} | {seed} | {figures} |")
P
