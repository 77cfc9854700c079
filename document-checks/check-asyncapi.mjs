// The AsyncAPI document given as argument, parsed and validated: any error or warning fails, and so does a version of
// AsyncAPI that is not the latest.
import { readFile } from 'node:fs/promises';
import { Parser } from '@asyncapi/parser';

const SEVERITIES = ['error', 'warning', 'information', 'hint'];

const [path] = process.argv.slice(2);
const source = await readFile(path, 'utf8');
const parser = new Parser();
const { document, diagnostics } = await parser.parse(source, { source: path });
for (const { severity, code, message, path: place, range } of diagnostics) {
  console.error(`${path}:${range.start.line + 1}: ${SEVERITIES[severity]}: ${code}: ${message} (${place.join('/')})`);
}
if (!document || diagnostics.length > 0) {
  console.error(`${path}: ${diagnostics.length} problems`);
  process.exit(1);
}
console.log(`${path}: valid, ${document.allMessages().length} messages`);
