#!/usr/bin/env bash
# Packages for machines without Rust: a .tar.gz, a Debian package, a Python wheel; each with its SHA-256.
#
#   scripts/release.sh [--out DIR] [--binary FILE] [--wheel FILE | --no-wheel] [--try ROOT]
#
# --binary and --wheel package what was built before (by `cargo build --release -p nanoaid-cli`, by scripts/python.sh).
# Needs Rust, Python 3.11 (for the licences and the wheel), GNU tar, binutils; dpkg-deb for the Debian package. With
# --try each package is unpacked into a copy of the folder ROOT, an empty system (debootstrap --variant=minbase …), and
# `nanoaid demo` and `nanoaid serve` are run there by chroot, which needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=dist root='' wheel=true binary='' built=''
while [ "$#" -gt 0 ]; do
    case $1 in
        --out) out=$2 && shift 2 ;;
        --binary) binary=$2 && shift 2 ;;
        --wheel) built=$2 && shift 2 ;;
        --try) root=$2 && shift 2 ;;
        --no-wheel) wheel=false && shift ;;
        *) echo "usage: scripts/release.sh [--out DIR] [--binary FILE] [--wheel FILE | --no-wheel] [--try ROOT]" >&2 && exit 2 ;;
    esac
done

step() {
    printf '\n== %s\n' "$*"
}

target=${CARGO_TARGET_DIR:-target}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
machine=$(uname -m)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# the same source gives the same packages; not exported as SOURCE_DATE_EPOCH, for which C code would be built again
epoch=$(git log -1 --format=%ct 2>/dev/null || echo 0)

if [ -z "$binary" ]; then
    step 'cargo build --release'
    # without target-cpu=native: kernels are chosen where the program runs
    if [ -n "${RUSTFLAGS:-}" ]; then
        echo "RUSTFLAGS is set to $RUSTFLAGS; expected nothing, for a portable binary" >&2
        exit 1
    fi
    cargo build --release --locked -p nanoaid-cli
    binary=$target/release/nanoaid
fi
step 'binary'
strip -o "$work/nanoaid" "$binary"
glibc=$(objdump -T "$work/nanoaid" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1 | cut -d_ -f2)
echo "nanoaid $version for $machine, $(($(wc -c <"$work/nanoaid") / 1024)) KiB; needs glibc $glibc or later"

step 'licences'
python3 scripts/licences.py >"$work/THIRD-PARTY.txt"
head -1 "$work/THIRD-PARTY.txt"

step 'tar.gz'
name=nanoaid-$version-$machine-linux
mkdir -p "$work/$name/man"
cp "$work/nanoaid" README.md LICENSE-MIT LICENSE-APACHE NOTICE "$work/THIRD-PARTY.txt" "$work/$name"
cp packaging/linux/nanoaid.desktop packaging/linux/nanoaid.svg "$work/$name"
"$work/nanoaid" man --out "$work/$name/man" --force >/dev/null
rm -f "$work/$name/man/.nanoaid.lock"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C "$work" -cf - "$name" |
    gzip -n9 >"$out/$name.tar.gz"

deb=''
if command -v dpkg-deb >/dev/null; then
    step 'Debian package'
    architecture=$(dpkg --print-architecture)
    tree=$work/deb
    install -Dm755 "$work/nanoaid" "$tree/usr/bin/nanoaid"
    install -Dm644 packaging/linux/nanoaid.desktop "$tree/usr/share/applications/nanoaid.desktop"
    install -Dm644 packaging/linux/nanoaid.svg "$tree/usr/share/icons/hicolor/scalable/apps/nanoaid.svg"
    documents=$tree/usr/share/doc/nanoaid
    install -d "$documents" "$tree/usr/share/man/man1" "$tree/DEBIAN"
    cp README.md NOTICE "$documents"
    cat LICENSE-MIT LICENSE-APACHE "$work/THIRD-PARTY.txt" >"$documents/copyright"
    cp "$work/$name"/man/* "$tree/usr/share/man/man1"
    gzip -n9 "$tree"/usr/share/man/man1/*
    install -d "$tree/usr/share/bash-completion/completions" "$tree/usr/share/zsh/vendor-completions" \
        "$tree/usr/share/fish/vendor_completions.d"
    "$work/nanoaid" completions bash >"$tree/usr/share/bash-completion/completions/nanoaid"
    "$work/nanoaid" completions zsh >"$tree/usr/share/zsh/vendor-completions/_nanoaid"
    "$work/nanoaid" completions fish >"$tree/usr/share/fish/vendor_completions.d/nanoaid.fish"
    cat >"$tree/DEBIAN/control" <<CONTROL
Package: nanoaid
Version: $version
Architecture: $architecture
Maintainer: The NanoAID authors <nanoaid@localhost>
Installed-Size: $(du -sk "$tree/usr" | cut -f1)
Depends: libc6 (>= $glibc), libgcc-s1
Section: science
Priority: optional
Description: measures electron micrographs, and looks at them through neural networks
 Reads the files of scanning electron microscopes with their pixel size, measures
 pitch, lattices, particles and fibres with 95 % intervals, and shows what neural
 networks see. Works offline; \`nanoaid demo\` shows what it does.
CONTROL
    find "$tree" -exec touch -hd "@$epoch" {} +
    deb=$out/nanoaid_${version}_$architecture.deb
    dpkg-deb --root-owner-group --build "$tree" "$deb"
else
    echo 'skipped: a Debian package needs dpkg-deb'
fi

wheels=()
if $wheel; then
    step 'wheel'
    python3 -m venv "$work/venv"
    if [ -z "$built" ]; then
        "$work/venv/bin/pip" install --quiet --disable-pip-version-check 'maturin>=1.9.4,<2'
        "$work/venv/bin/maturin" build --release --locked --manifest-path crates/nanoaid-python/Cargo.toml --out "$work/wheels"
        built=("$work"/wheels/nanoaid-*.whl)
    fi
    cp "${built[0]}" "$out"
    wheels=("$out"/nanoaid-"$version"-*.whl)
fi

step 'SHA-256'
(
    shopt -s nullglob
    cd "$out"
    sha256sum *.tar.gz *.deb *.whl | tee SHA256SUMS
)

[ -n "$root" ] || exit 0

# runs demo and serve of what was installed into the system in $1; the program is $2
try() {
    step "try: $3"
    chroot "$1" /bin/bash -ceu "
        cd /tmp
        $2 --version
        $2 demo --quiet --out demo >/dev/null
        ls demo/*.html
        $2 serve --no-browser --port 18765 >serve.txt 2>&1 &
        server=\$!
        for _ in \$(seq 100); do
            grep -q http serve.txt && break
            sleep 0.1
        done
        page=\$(grep -o '/?token=[0-9a-f]*' serve.txt)
        exec 3<>/dev/tcp/127.0.0.1/18765
        printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:18765\r\nConnection: close\r\n\r\n' \"\$page\" >&3
        read -r answer <&3
        echo \"\$answer\"
        [[ \$answer =~ ^HTTP/1.1\ (200|30[0-9]) ]]
        kill -INT \$server
        wait \$server || true
    "
}

fresh() {
    rm -rf "$work/system"
    cp -a "$root" "$work/system"
}

fresh
tar -xzf "$out/$name.tar.gz" -C "$work/system/opt"
try "$work/system" "/opt/$name/nanoaid" "$name.tar.gz"
if [ -n "$deb" ]; then
    fresh
    cp "$deb" "$work/system/tmp"
    chroot "$work/system" dpkg --install "/tmp/$(basename "$deb")"
    try "$work/system" nanoaid "$(basename "$deb")"
fi
for one in "${wheels[@]}"; do
    if [ -x "$root/usr/bin/python3" ] && chroot "$root" python3 -c 'import venv, ensurepip' 2>/dev/null; then
        fresh
        "$work/venv/bin/pip" download --quiet --only-binary :all: --dest "$work/system/tmp" "$one" 2>/dev/null
        chroot "$work/system" /bin/bash -ceu "
            python3 -m venv /opt/venv
            /opt/venv/bin/pip install --quiet --no-index --find-links /tmp /tmp/$(basename "$one")"
        try "$work/system" /opt/venv/bin/nanoaid "$(basename "$one")"
    else
        echo "skipped: the wheel needs Python 3.11 with venv in $root"
    fi
done
