#!/bin/sh
# Writes 100 TIFF files of random pixel sizes and has ImageJ and tifffile read them; fails beyond 1e-6.
#
# Needs Debian's libij-java with a JDK (apt-get install libij-java default-jdk-headless) and a Python with
# tifffile, named by PYTHON: python3 -m venv VENV && VENV/bin/pip install tifffile; PYTHON=VENV/bin/python.
set -eu
cd "$(dirname "$0")/.."
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
cargo run --quiet --release -p micrograph --example calibrated_tiffs -- "$out"
java -Djava.awt.headless=true -cp "${IJ_JAR:-/usr/share/java/ij.jar}" scripts/CalibrationByImageJ.java "$out"
"${PYTHON:-python3}" scripts/calibration_by_tifffile.py "$out"
