// Compresses what the build has made, once: the server hands the bytes out as they are.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url).pathname;
const COMPRESSED = /\.(?:js|css|html|svg|json|webmanifest|map|txt)$/;
/** Below this, a form of its own saves nothing. */
const LEAST_BYTES = 1024;

const entries = await readdir(DIST, { recursive: true, withFileTypes: true });
for (const entry of entries) {
  if (!entry.isFile() || !COMPRESSED.test(entry.name)) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = await readFile(path);
  if (bytes.length < LEAST_BYTES) continue;
  const forms = {
    br: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
    gz: gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }),
  };
  for (const [ending, form] of Object.entries(forms)) {
    if (form.length < bytes.length) await writeFile(`${path}.${ending}`, form);
  }
}
