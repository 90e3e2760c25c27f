#!/usr/bin/env python3
"""Serves a stand-in for an NFFA-EUROPE set on loopback, for scripts/nffa.sh: the same names, layout and interface.

Usage: nffa_server.py DATA MOST PORT_FILE
DATA holds one folder of micrographs for each category; of each, the first MOST go into a tar file, named as the set names
them. The record is described as the repository does it; archives are given whole or by range. The port is written to
PORT_FILE. Ends with its parent.
"""

import hashlib
import http.server
import io
import json
import os
import re
import sys
import tarfile
import threading
import time

RECORDS = ("80df8606fcdb4b2bae1656f0dc6db8ba", "e344a8afef08463a855ada08aadbf352")
ARCHIVES = [
    "Porous_Sponge", "Patterned_surface", "Particles", "Films_Coated_Surface", "Powder",
    "Tips", "Nanowires", "Biological", "MEMS_devices_and_electrodes", "Fibres",
]
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def archive(folder, name, digit, most):
    """The tar file of one category, the same bytes each time."""
    files = sorted(file for file in os.listdir(folder) if file.lower().endswith(IMAGES))[:most]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(entry)
        for file in files:
            with open(os.path.join(folder, file), "rb") as source:
                content = source.read()
            ending = os.path.splitext(file)[1].lower()
            entry = tarfile.TarInfo(f"{name}/L{digit}_{hashlib.md5(file.encode()).hexdigest()}{ending}")
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def main():
    data, most, port_file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    archives = {}
    for digit, name in enumerate(ARCHIVES):
        folder = os.path.join(data, name.lower())
        if os.path.isdir(folder):
            archives[f"{name}.tar"] = archive(folder, name, digit, most)
    if not archives:
        sys.exit(f"{data}: expected folders named like the categories of the set, such as fibres; found none")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            base = f"http://{self.headers['Host']}"
            match = re.fullmatch(r"/api/records/([0-9a-z-]+)(/files(?:/([^/]+)/content)?)?", self.path)
            if not match or match[1] not in RECORDS:
                return self.send(404, b"")
            if not match[2]:
                links = {"files": f"{base}{self.path}/files"}
                return self.json({"metadata": {"title": "Stand-in for an NFFA-EUROPE set"}, "links": links})
            if match[3]:
                content = archives.get(match[3])
                return self.send(404, b"") if content is None else self.content(content)
            return self.json({"entries": [
                {
                    "key": name,
                    "size": len(content),
                    "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
                    "links": {"content": f"{base}{self.path}/{name}/content"},
                }
                for name, content in archives.items()
            ]})

        def json(self, value):
            self.send(200, json.dumps(value).encode())

        def content(self, content):
            match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            tag = {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}
            if not match:
                return self.send(200, content, tag)
            first = int(match[1])
            end = min(int(match[2]) + 1 if match[2] else len(content), len(content))
            if first >= end:
                return self.send(416, b"")
            tag["Content-Range"] = f"bytes {first}-{end - 1}/{len(content)}"
            return self.send(206, content[first:end], tag)

        def send(self, status, body, headers={}):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(port_file + ".new", "w") as file:
        file.write(str(server.server_address[1]))
    os.replace(port_file + ".new", port_file)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)


main()
