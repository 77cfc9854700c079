// Programs in Python with one client each, of a library that others wrote.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { settleBeforeGivenDeadline } from './waitForEvent.mjs';

const FOLDER = fileURLToPath(new URL('../foreign-clients', import.meta.url));

/** A program of the folder `foreign-clients`; its `records` are those of a socket client, with `$opened`, `$answer` and `$error`. */
export class PythonProgram {
  records = [];
  recorded = new EventEmitter().setMaxListeners(0);
  errors = '';

  /** `args`: the script and its arguments. `opening`: the first line it is told. */
  constructor(args, opening) {
    const python = process.env.OWLPOST_PYTHON;
    assert.ok(python, 'OWLPOST_PYTHON names a Python with generated-clients/requirements.txt installed: `make test-clients` sees to it');
    const { PATH, HOME } = process.env;
    this.child = spawn(python, args, { cwd: FOLDER, env: { PATH, HOME, PYTHONDONTWRITEBYTECODE: '1' } });
    this.exited = new Promise((resolve) => this.child.once('close', (code, signal) => resolve(signal ?? code)));
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      this.errors = (this.errors + text).slice(-4000);
    });
    createInterface({ input: this.child.stdout }).on('line', (text) => this.recordLineOfProgram(JSON.parse(text)));
    this.writeLineToProgram(opening);
  }

  recordLineOfProgram({ event, payload, headers, ...happened }) {
    const [[kind, value] = []] = Object.entries(happened);
    const record = event ? { name: event, payload, headers } : { name: `$${kind}`, payload: value };
    this.records.push(record);
    this.recorded.emit('record', record);
  }

  writeLineToProgram(line) {
    this.child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  async stopProgramAndCheckExit() {
    this.child.stdin.end();
    const ended = settleBeforeGivenDeadline(this.exited, () => `the program does not end\n${this.errors}`);
    assert.equal(await ended.finally(() => this.child.kill('SIGKILL')), 0, this.errors);
  }
}
