#!/bin/sh
# Kills a training at 20 random moments, and one run again and again; resumes each, and compares
# every byte of the run folders with those of an uninterrupted training.
set -eu
cd "$(dirname "$0")/.."
NANOAID_KILLS="${1:-20}" cargo test --release -p nanoaid-cli --test command_line -- --nocapture killed_again
