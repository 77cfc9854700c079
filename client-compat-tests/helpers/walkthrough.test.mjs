// The walkthrough runner itself: what it takes for a command, and that it sees what is not true.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { extractStepsFromMarkdownSection, runWalkthroughStepsWithBash } from './walkthrough.mjs';

const fenced = (...lines) => ['```sh', ...lines, '```'].join('\n');
const documentOf = (...parts) => ['# Title', fenced('exit 9'), '## Walkthrough', ...parts, '## After', fenced('exit 9')].join('\n\n');
const stepsOf = (...parts) => extractStepsFromMarkdownSection(documentOf(...parts), '## Walkthrough');
const run = (steps, options) =>
  runWalkthroughStepsWithBash(steps, { url: 'http://127.0.0.1:5999', cwd: tmpdir(), env: process.env, ...options });

describe('Steps of a section', () => {
  test('should_take_only_sh_blocks_of_the_section', () => {
    const others = ['```json\n{"not": "run"}\n```', '### Deeper', '~~~text\n## no heading\n~~~'];
    const steps = stepsOf(fenced('echo one'), others[0], others[1], fenced('echo two'), others[2], fenced('echo three'));
    assert.deepEqual(steps.map(({ commands }) => commands), [['echo one'], ['echo two'], ['echo three']]);
  });

  test('should_split_a_block_after_its_expectations', () => {
    const [first, second] = stepsOf(fenced('A=1', 'echo $A', '# => 1', '# => 1', '', '# a comment', 'echo 2', '# => 2'));
    assert.deepEqual(first, { line: 10, commands: ['A=1', 'echo $A'], expectations: ['1', '1'] });
    assert.deepEqual(second.expectations, ['2']);
    assert.ok(second.commands.includes('# a comment'));
  });

  test('should_refuse_an_expectation_without_a_command', () => {
    assert.throws(() => stepsOf(fenced('# => nothing before')), /follows no command/);
  });
});

describe('Running steps', () => {
  test('should_share_one_shell_and_replace_the_address', async () => {
    const second = ['echo "$X" http://localhost:4001/api ws://localhost:4001', '# => a b http://127.0.0.1:5999/api ws://127.0.0.1:5999'];
    const outputs = await run(stepsOf(fenced('X="a b"'), fenced(...second)));
    assert.equal(outputs.length, 2);
  });

  test('should_keep_continued_lines_quotes_and_here_documents_whole', async () => {
    await run(stepsOf(fenced('echo one \\', "  'two", "three'", '# => one two', '# => three', "cat <<'END'", '$HOME `x`', 'END', '# => $HOME `x`')));
  });

  test('should_read_standard_error_too_and_know_the_ellipsis', async () => {
    await run(stepsOf(fenced('echo "id: $RANDOM, title: (Owl?)" >&2', '# => id: …, title: (Owl?)')));
  });

  test('should_fail_when_a_command_fails', async () => {
    await assert.rejects(run(stepsOf(fenced('echo fine', '# => fine', 'false', 'echo never'))), /a command failed, line \d+: false/);
  });

  test('should_fail_when_the_text_is_not_in_the_output_of_its_own_step', async () => {
    await assert.rejects(run(stepsOf(fenced('echo one', '# => two', 'echo two'))), /'two' does not occur/);
    await assert.rejects(run(stepsOf(fenced('echo abc', '# => a.c'))), /does not occur/);
  });

  test('should_end_what_runs_in_the_background', async () => {
    const [output] = await run(stepsOf(fenced('tail -f /dev/null &', 'echo started', '# => started')));
    assert.match(output, /started/);
  });

  test('should_fail_at_its_deadline', async () => {
    await assert.rejects(run(stepsOf(fenced('tail -f /dev/null')), { deadlineMs: 300 }), /not done after 300 ms/);
  });
});
