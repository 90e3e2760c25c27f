#!/bin/sh
# Trains the built-in segmenter: synthetic scenes, and one patch in twenty from the spheroidite micrographs of AMPIS
# (Cohn et al.), whose masks others drew. The built-in one was trained in four runs, each from the best network of the one
# before; the learning rates below are theirs. Scenes of the first run were those of an earlier version of the program.
#
# Usage: scripts/segmenter.sh SHARED RUN      SHARED holds data/truth and data/sem2; RUN is the folder to write
set -eu
shared=$1 run=$2
program="${NANOAID:-cargo run --release --}"
mkdir -p "$run"
python3 "$(dirname "$0")/truth_labels.py" "$shared" "$run/truth"
{
    echo file,labels,category,split
    for image in "$run"/truth/ampis_spheroidite/*.image.png; do
        name=$(basename "$image" .image.png)
        case $name in train-*) part=train ;; *) part=validation ;; esac
        echo "truth/ampis_spheroidite/$name.image.png,truth/ampis_spheroidite/$name.labels.tif,particles,$part"
    done
} > "$run/masks.csv"
$program train segmenter "$run/masks.csv" --masked-share 0.05 --learning-rate 0.002 --epochs 5 --out "$run/1"
$program train segmenter "$run/masks.csv" --masked-share 0.05 --learning-rate 0.0015 --epochs 6 --base "$run/1" --out "$run/2"
$program train segmenter "$run/masks.csv" --masked-share 0.05 --learning-rate 0.0013 --epochs 3 --base "$run/2" --out "$run/3"
$program train segmenter "$run/masks.csv" --masked-share 0.05 --learning-rate 0.0011 --epochs 9 --base "$run/3" --out "$run/4"
