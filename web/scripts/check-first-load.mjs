// Adds up what a browser must download and run before the first screen, and fails above the bar.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_BYTES = 250_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

function collectScriptsOfFirstLoad(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const imported of manifest[key].imports ?? []) collectScriptsOfFirstLoad(imported, seen);
  return seen;
}

// The dashboard is a lazy route, and still part of the first load of a person on duty: count it.
const dashboard = Object.keys(manifest).filter((key) => /app\/signedIn\.ts$/.test(key));
if (dashboard.length === 0) throw new Error('the dashboard is no longer src/app/signedIn.ts: tell this script what it is');
const keys = new Set();
for (const key of ['index.html', ...dashboard]) collectScriptsOfFirstLoad(key, keys);

let total = 0;
for (const key of keys) {
  const bytes = gzipSync(readFileSync(new URL(manifest[key].file, dist))).length;
  total += bytes;
  console.log(`${String(bytes).padStart(8)}  ${manifest[key].file}`);
}
console.log(`${String(total).padStart(8)}  bytes of gzipped script at first load (limit ${LIMIT_BYTES})`);
if (total > LIMIT_BYTES) process.exit(1);
