import assert from 'node:assert/strict';
import { mkdtemp, open, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HeldFiles } from '../../../src/boots/tftp/held.ts';

/** A clock by which every file was written long ago. */
const LATER = () => Date.now() + 60_000;

describe('held files', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'held-'));
  });
  after(() => rm(folder, { recursive: true }));

  const write = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  /** The buffer of a file, or `handle` where it is not held. */
  const held = async (files: HeldFiles, path: string): Promise<Buffer | 'handle'> => {
    const handle = await open(path);
    const answer = await files.hold({ found: { size: (await stat(path)).size, handle } });
    if ('refused' in answer) return assert.fail(answer.sentence);
    if ('buffer' in answer.found) return answer.found.buffer;
    await handle.close();
    return 'handle';
  };

  it('are one buffer for all who ask, until there is another version', async () => {
    const files = new HeldFiles(LATER);
    const path = await write('loader', 'one');
    const [first, second] = await Promise.all([held(files, path), held(files, path)]);
    assert.equal(first, second);
    assert.equal(String(first), 'one');
    assert.equal(await held(files, path), first);
    await write('loader', 'two');
    assert.equal(String(await held(files, path)), 'two');
  });

  it('are not large, and not written just now', async () => {
    const large = await write('large', '');
    await truncate(large, 5 << 20);
    assert.equal(await held(new HeldFiles(LATER), large), 'handle');
    assert.equal(await held(new HeldFiles(() => Date.now()), await write('new', 'x')), 'handle');
  });

  it('are bounded together: the one that was asked for longest ago goes', async () => {
    const files = new HeldFiles(LATER);
    const paths: string[] = [];
    for (let n = 0; n < 9; n++) {
      const path = await write(`file-${n}`, '');
      await truncate(path, 4 << 20);
      paths.push(path);
    }
    const [first = '', second = ''] = paths;
    const [one, two] = [await held(files, first), await held(files, second)];
    for (const path of paths.slice(2, 8)) await held(files, path);
    assert.equal(await held(files, first), one);
    await held(files, paths[8] ?? '');
    assert.equal(await held(files, first), one);
    assert.notEqual(await held(files, second), two);
  });

  it('pass on what was refused', async () => {
    const refusal = { refused: 'not-found', sentence: 'no' } as const;
    assert.equal(await new HeldFiles(LATER).hold(refusal), refusal);
  });
});
