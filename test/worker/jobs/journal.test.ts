import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { BEGINNING, EntryJournal } from '../../../src/worker/jobs/journal.ts';
import type { LogEntry } from '../../../src/worker/protocol.ts';

const directory = await mkdtemp(join(tmpdir(), 'tinsmith-journal-'));
after(() => rm(directory, { recursive: true }));

const entry = (text: string): LogEntry => ({ at: 1, stream: 'stdout', text });
const at = (stdout: number) => ({ ...BEGINNING, step: 1, stdout });

describe('the journal of entries', () => {
  test('is gone on with where it ends, whatever part of it was being written', async () => {
    const path = join(directory, 'whole');
    const first = await EntryJournal.open(path);
    await first.append([entry('one\n'), entry('two\n')], at(8));
    await first.close();
    const { length: whole } = await readFile(path);
    const second = await EntryJournal.open(path);
    await second.append([entry('three\n')], at(14));
    await second.close();
    const { length } = await readFile(path);
    for (let cut = whole; cut < length; cut += 1) {
      await truncate(path, cut);
      const again = await EntryJournal.open(path);
      assert.equal(again.end, 2);
      assert.deepEqual(again.position, at(8));
      await again.append([entry('three\n')], at(14));
      assert.equal(again.end, 3);
      assert.equal(again.characters, 14);
      assert.deepEqual(await again.from(1, 100), [entry('two\n'), entry('three\n')]);
      assert.deepEqual(await again.from(0, 1), [entry('one\n')]);
      await again.close();
    }
  });

  test('ends where it can not be read any more', async () => {
    const path = join(directory, 'torn');
    const first = await EntryJournal.open(path);
    await first.append([entry('one\n')], at(4));
    await first.close();
    await appendFile(path, '\0\0\0\n{"position":1}\n');
    const again = await EntryJournal.open(path);
    assert.equal(again.end, 1);
    await again.append([entry('two\n')], at(8));
    assert.deepEqual(await again.from(0, 100), [entry('one\n'), entry('two\n')]);
    await again.close();
  });
});
