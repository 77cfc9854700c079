// Runs the commands a document shows, so that what it shows stays true.
//
// The commands stand in fenced ```sh blocks of one section. All blocks run in one bash, so a variable set in one
// is there in the next. Every command must succeed. Lines `# => text` after a command say what its output holds;
// `…` in them stands for anything on that line.
import { spawn } from 'node:child_process';

const EXPECTATION = /^\s*# => (.*\S)\s*$/;
const ADDRESS_IN_DOCUMENT = /localhost:4001/g;
const WALKTHROUGH_DEADLINE_MS = 120_000;

/** The steps of a section, in order: `{ line, commands, expectations }`, `line` being the first one's number. */
export function extractStepsFromMarkdownSection(markdown, heading) {
  return listShellBlocksOfSection(markdown.split('\n'), heading).flatMap(splitShellBlockIntoSteps);
}

function listShellBlocksOfSection(lines, heading) {
  const blocks = [];
  let inSection = false;
  let fence = null;
  lines.forEach((line, index) => {
    const mark = /^\s*(```+|~~~+)\s*(\S*)/.exec(line);
    if (fence) {
      if (mark && mark[1].startsWith(fence.mark) && mark[2] === '') fence = null;
      else fence.block?.push({ number: index + 1, text: line });
    } else if (mark) {
      const block = inSection && mark[2] === 'sh' ? [] : null;
      if (block) blocks.push(block);
      fence = { mark: mark[1], block };
    } else if (/^##? /.test(line)) {
      inSection = line.trim() === heading;
    }
  });
  return blocks;
}

function splitShellBlockIntoSteps(block) {
  const steps = [];
  let step = null;
  for (const { number, text } of block) {
    const expectation = EXPECTATION.exec(text)?.[1];
    if (expectation === undefined && text.trim() === '' && step === null) continue;
    if (step === null || (expectation === undefined && step.expectations.length > 0)) {
      if (expectation !== undefined) throw new Error(`line ${number}: '# => ${expectation}' follows no command`);
      step = { line: number, commands: [], expectations: [] };
      steps.push(step);
    }
    if (expectation === undefined) step.commands.push(text);
    else step.expectations.push(expectation);
  }
  return steps;
}

/** Runs the steps against the server at `url` and returns each one's output; throws at the first that fails. */
export async function runWalkthroughStepsWithBash(steps, { url, cwd, env, deadlineMs = WALKTHROUGH_DEADLINE_MS }) {
  const script = ['exec 2>&1', 'set -e'];
  steps.forEach(({ commands }, n) => script.push(`printf '\\n%s\\n' '${markerOfStep(n)}'`, ...commands));
  const text = `${script.join('\n')}\n`.replace(ADDRESS_IN_DOCUMENT, new URL(url).host);
  const { code, output } = await runBashScriptToEnd(text, { cwd, env, deadlineMs });
  const outputs = steps.map((_step, n) => cutOutputOfStep(output, n));
  const reached = outputs.findLastIndex((part) => part !== undefined);
  outputs.slice(0, reached + 1).forEach((part, n) => checkOutputOfStep(steps[n], part, n < reached || code === 0));
  if (code !== 0) throw new Error(`the walkthrough ended with ${code}:\n${output}`);
  return outputs;
}

function markerOfStep(n) {
  return `@@ step ${n} @@`;
}

function cutOutputOfStep(output, n) {
  const [, after] = output.split(`\n${markerOfStep(n)}\n`);
  return after?.split(`\n${markerOfStep(n + 1)}\n`)[0];
}

function checkOutputOfStep(step, output, succeeded) {
  const place = `line ${step.line}: ${step.commands.join('\n')}\nprinted:\n${output}`;
  if (!succeeded) throw new Error(`a command failed, ${place}`);
  for (const expectation of step.expectations) {
    const parts = expectation.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    if (!new RegExp(parts.join('.*')).test(output)) throw new Error(`'${expectation}' does not occur, ${place}`);
  }
}

// The script runs in a process group of its own, so that what it left in the background ends with it.
function runBashScriptToEnd(script, { cwd, env, deadlineMs }) {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', script], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const endProcessGroup = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Nothing of it is left.
      }
    };
    const deadline = setTimeout(() => {
      output += `\nnot done after ${deadlineMs} ms`;
      endProcessGroup();
    }, deadlineMs);
    child.once('error', reject);
    child.once('exit', () => {
      clearTimeout(deadline);
      endProcessGroup();
    });
    child.once('close', (code, signal) => resolve({ code: code ?? signal, output }));
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  });
}
