// Prints how the web app bears many clients, and files that are no images.
//
//     node serve-load.mjs IMAGE [MINUTES] [UPLOADS FOLDER]      by default 10 minutes, no uploads
//
// Load: 64 clients, each asking for layers, planes, units at a place and measurements of IMAGE, one question after the
// other, with pauses of 0 to 2 s as people make them. Uploads: files of FOLDER, whole, cut off, and with bytes changed.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { NANOAID } from './serve.mjs';

const [image, minutes = '10', uploads = '0', folder] = process.argv.slice(2);
if (!image) throw new Error('expected the path of a micrograph');
const CLIENTS = 64;

const server = spawn(NANOAID, ['serve', '--no-browser', '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
let said = '';
server.stderr.on('data', data => { said += data; });
const address = new URL(await new Promise(done => server.stdout.once('data', data => done(String(data).trim()))));
const cookie = `nanoaid-${address.port}=${address.searchParams.get('token')}`;
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 * CLIENTS });

/** The status and the body of an answer. */
const ask = (method, place, body) => new Promise((done, failed) => {
  const headers = { Host: address.host, Origin: address.origin, Cookie: cookie, ...(body && { 'Content-Length': body.length }) };
  const request = http.request({ host: address.hostname, port: address.port, method, path: place, headers, agent }, answer => {
    const parts = [];
    answer.on('data', part => parts.push(part));
    answer.on('end', () => done({ status: answer.statusCode, body: Buffer.concat(parts) }));
    answer.on('error', failed);
  });
  request.on('error', failed);
  request.end(body);
});
const upload = (name, bytes) => {
  const list = Buffer.from(JSON.stringify([{ name, size: bytes.length }])), length = Buffer.alloc(4);
  length.writeUInt32LE(list.length);
  return ask('POST', '/api/images', Buffer.concat([length, list, bytes]));
};
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];

let state = 20_220_103;
const random = n => { state = (state * 48271) % 2147483647; return state % n; };

if (Number(uploads) > 0) {
  const files = fs.readdirSync(folder).filter(name => fs.statSync(path.join(folder, name)).isFile()).sort();
  const statuses = new Map();
  for (let i = 0; i < Number(uploads); i++) {
    const name = files[i % files.length];
    let bytes = fs.readFileSync(path.join(folder, name));
    const round = Math.floor(i / files.length);
    if (round % 2 === 1) bytes = bytes.subarray(0, random(bytes.length + 1));
    if (round > 1) { bytes = Buffer.from(bytes); for (let k = 0; k < 4 && bytes.length; k++) bytes[random(bytes.length)] = random(256); }
    const taken = await upload(name, bytes);
    let { status } = taken;
    if (status === 200) {
      // one that is taken is read and shown, or refused then
      const { id } = JSON.parse(taken.body);
      const seen = await ask('GET', `/api/plane?what=specimen&image=${encodeURIComponent(id)}`);
      status = `200, then ${seen.status}`;
      await ask('DELETE', `/api/images/${encodeURIComponent(id)}`);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  console.log(`${uploads} uploads of ${files.length} files, whole, cut off, changed: ${[...statuses].sort().map(([status, n]) => `${n} × ${status}`).join('; ')}`);
  console.log(`memory after them ${memory().toFixed(0)} MB, at most ${peak().toFixed(0)} MB`);
}

const { id } = JSON.parse((await upload(path.basename(image), fs.readFileSync(image))).body);
const info = JSON.parse((await ask('GET', `/api/info?image=${id}`)).body);
const of = `image=${id}&network=autoencoder`;
const kinds = {
  layer: () => ['GET', `/api/layer?${of}&layer=encoder.${1 + random(3)}`],
  map: () => ['GET', `/api/plane?what=map&${of}&layer=encoder.${1 + random(3)}&channel=${random(32)}`],
  'units at a place': () => ['GET', `/api/find?${of}&layer=encoder.2&y=${16 * random(8)}&x=${16 * random(8)}&height=64&width=64&units=12`],
  measurement: () => ['POST', '/api/measure', Buffer.from(JSON.stringify({ image: id, what: ['orientation'], tilt_deg: random(3) }))],
};
const times = Object.fromEntries(Object.keys(kinds).map(kind => [kind, []])), statuses = new Map();
const until = Date.now() + Number(minutes) * 60_000;
let most = 0;
const watch = setInterval(() => { most = Math.max(most, memory()); }, 500);
await Promise.all(Array.from({ length: CLIENTS }, async () => {
  while (Date.now() < until) {
    const kind = ['layer', 'map', 'map', 'map', 'units at a place', 'measurement'][random(6)];
    const begun = performance.now();
    const { status } = await ask(...kinds[kind]());
    times[kind].push(performance.now() - begun);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    await new Promise(done => setTimeout(done, random(2000)));
  }
}));
clearInterval(watch);
console.log(`${CLIENTS} clients for ${minutes} min, ${info.facts.width} × ${info.facts.height} px: ${[...statuses].map(([status, n]) => `${n} × ${status}`).join('; ')}; memory at most ${most.toFixed(0)} MB, at the end ${memory().toFixed(0)} MB`);
for (const [kind, all] of Object.entries(times)) if (all.length) console.log(`  ${kind.padEnd(18)} n = ${String(all.length).padStart(6)}, median ${quantile(all, 0.5).toFixed(0)} ms, 95 % within ${quantile(all, 0.95).toFixed(0)} ms, slowest ${Math.max(...all).toFixed(0)} ms`);
agent.destroy();
const ended = new Promise(done => server.once('exit', done));
server.kill('SIGINT');
const code = await ended;
if (code !== 0 && code !== 130) throw new Error(`the server ended with ${code}: ${said}`);
if (/panicked/.test(said)) throw new Error(said);
