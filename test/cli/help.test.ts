/** Every command explains itself, and what its examples say works. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from '../../src/cli/cli.ts';
import type { Command } from '../../src/cli/command.ts';
import { COMMANDS, NOUNS } from '../../src/cli/commands.ts';
import { completions } from '../../src/cli/complete.ts';
import { tinsmith } from './fake-appliance.ts';

const ALL: { words: string[]; command: Command }[] = [
  ...NOUNS.flatMap(({ noun, commands }) => commands.map((command) => ({ words: [noun, wordOf(command)], command }))),
  ...COMMANDS.map((command) => ({ words: [wordOf(command)], command })),
];

describe('the help of every command', () => {
  for (const { words, command } of ALL) {
    it(`of ${words.join(' ')} has its summary, its options and an example`, async () => {
      const { code, out } = await tinsmith(undefined, [...words, '--help']);
      assert.equal(code, 0);
      assert.match(out, new RegExp(`^tinsmith ${words.join(' ')}`));
      assert.ok(out.replace(/\s+/g, ' ').includes(command.summary));
      assert.match(out, /\nExamples:\n {2}tinsmith \w+/);
    });
    for (const [line] of command.examples) {
      it(`shows an example that is understood: ${line}`, () => {
        const parsed = parse(split(line));
        assert.ok('command' in parsed);
        assert.equal(parsed.command, command);
      });
    }
  }

  it('of a noun lists its commands, under its old name too', async () => {
    for (const noun of ['machine', 'hardware']) {
      const { out } = await tinsmith(undefined, [noun, '--help']);
      for (const word of ['add', 'push', 'get', 'list', 'id', 'ip', 'mac', 'delete'])
        assert.match(out, new RegExp(`${noun} ${word} `));
      assert.match(out, /Examples:/);
    }
  });

  it('is shown when nothing is asked', async () => {
    const { code, out } = await tinsmith(undefined, []);
    assert.equal(code, 0);
    assert.match(out, /tinsmith workflow create --help/);
  });
});

describe('what shells complete', () => {
  it('are nouns, commands, flags and their values', () => {
    assert.deepEqual(completions(['workf']), ['workflow']);
    assert.deepEqual(completions(['workflow', 'w']), ['watch', 'wait']);
    assert.deepEqual(completions(['hardware', 'list', '--no']), ['--no-headers']);
    assert.deepEqual(completions(['machine', 'get', '--output', '']), ['table', 'json', 'csv']);
    assert.deepEqual(completions(['completion', 'z']), ['zsh']);
    assert.deepEqual(completions(['nonsense', 'x']), []);
  });

  it('has a script for each shell, the one in SHELL unasked', async () => {
    for (const shell of ['bash', 'zsh', 'fish'])
      assert.match((await tinsmith(undefined, ['completion', shell])).out, /tinsmith --complete/);
    assert.match(
      (await tinsmith(undefined, ['completion'], { environment: { SHELL: '/usr/bin/zsh' } })).out,
      /^#compdef/,
    );
  });
});

function wordOf({ usage }: Command): string {
  return usage.split(' ')[0] ?? '';
}

/** An example as a shell would split it, without redirections. */
function split(line: string): string[] {
  const words = line.replace(/ [<>] .*/, '').match(/'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replace(/^'(.*)'$/, '$1'));
}
