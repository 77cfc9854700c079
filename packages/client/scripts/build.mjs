// Compiles src into dist, as ESM with types. Node asks for the names of files as they are, and src leaves their ending out.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (!/\.(js|d\.ts)$/.test(name)) continue;
  const file = join(dist, name);
  const text = readFileSync(file, 'utf8').replace(/(from ["'])(\.\.?\/[^"']+)(["'])/g, (_, before, path, after) => {
    const isFolder = existsSync(join(dirname(file), path));
    return `${before}${path}${isFolder ? '/index' : ''}.js${after}`;
  });
  writeFileSync(file, text);
}
