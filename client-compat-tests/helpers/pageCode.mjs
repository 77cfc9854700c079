// The code that a page for clients shows, compiled as strictly as can be.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const TESTS = fileURLToPath(new URL('..', import.meta.url));
const PAGES = new URL('../../docs/clients/', import.meta.url);
const GENERATED = new URL('../../packages/client/src/generated', import.meta.url);

/** The TypeScript of `docs/clients/<page>.md`: `load()` resolves with what it exports. */
export function compileCodeOfPage(page) {
  // Beside node_modules, where the libraries are found.
  const folder = mkdtempSync(join(TESTS, `.${page}-example-`));
  const load = async () => {
    const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(new URL(`${page}.md`, PAGES), 'utf8'));
    cpSync(fileURLToPath(GENERATED), folder, { recursive: true });
    writeFileSync(join(folder, 'service.ts'), code);
    writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}');
    const options = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUnusedLocals: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      moduleResolution: ts.ModuleResolutionKind.Node10,
      ignoreDeprecations: '5.0',
      skipLibCheck: true,
      outDir: join(folder, 'out'),
      types: [],
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    };
    mkdirSync(options.outDir, { recursive: true });
    const program = ts.createProgram([join(folder, 'service.ts')], options);
    const problems = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
    assert.deepEqual(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')), []);
    return (await import(pathToFileURL(join(options.outDir, 'service.js')).href)).default;
  };
  return { load, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
