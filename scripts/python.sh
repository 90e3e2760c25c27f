#!/usr/bin/env bash
# The Python package from this source: builds its wheel, installs it into a fresh environment, and checks it there.
#
# Needs Rust, Python 3.11 or later with pip, and the index of Python packages. The libraries are those of
# `cargo build --release`, whose results are used. With --notebooks the notebooks of docs/notebooks are run, too.
# The environment and the wheel stay in the target folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

notebooks=false
if [ "${1:-}" = --notebooks ]; then
    notebooks=true
elif [ "$#" -gt 0 ]; then
    echo "usage: scripts/python.sh [--notebooks]" >&2
    exit 2
fi

step() {
    printf '\n== %s\n' "$*"
}

crate=crates/nanoaid-python
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
environment=$target/python
wheels=$target/wheels
export CARGO_TARGET_DIR=$target PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1

step 'a fresh environment'
# python3 may be a wrapper that looks at the current folder: what it is decides
python=$(python3 -c 'import sys; print(sys.executable)')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or later is needed, found $("$python" --version)" >&2
    exit 1
}
rm -rf "$environment" "$wheels"
"$python" -m venv "$environment"
bin=$environment/bin
"$bin/pip" install --quiet 'maturin>=1.9.4,<2'

step 'maturin build --release'
"$bin/maturin" build --release --locked --manifest-path "$crate/Cargo.toml" --interpreter "$bin/python" --out "$wheels"
wheel=$(ls "$wheels"/nanoaid-*.whl)
echo "$(basename "$wheel"): $(($(wc -c <"$wheel") / 1024)) KiB"

step 'pip install the wheel'
packages=(pytest mypy npe2)
if $notebooks; then
    packages+=(nbconvert ipykernel)
fi
"$bin/pip" install --quiet "$wheel[all]" "${packages[@]}"

# from another folder, so that the package that is tested is the installed one
tests=$PWD/$crate/tests
config=$PWD/$crate/pyproject.toml
notes=$PWD/docs/notebooks
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
cd "$elsewhere"

step 'mypy, and the stubs beside the native module'
"$bin/mypy" --config-file "$config" --package nanoaid
"$bin/stubtest" --mypy-config-file "$config" nanoaid._nanoaid

step 'pytest'
"$bin/pytest" --config-file "$config" --rootdir "$tests" -p no:cacheprovider --quiet "$tests"

if $notebooks; then
    step 'the notebooks'
    "$bin/jupyter" nbconvert --to notebook --execute --output-dir "$elsewhere" "$notes"/*.ipynb
fi
