/** A damaged store is told, never read as a smaller one; and what a repair saves. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { claimDataDirectory, openStore, repairStore } from '../../src/store/index.ts';
import { damageInLog } from '../../src/store/level-log.ts';
import { temporaryDirectory } from './opened.ts';

const COUNT = 300;
const keyOf = (n: number): string => `n/${String(n).padStart(6, '0')}`;

/** A store with 300 entries in its log. */
async function filled(t: TestContext): Promise<{ data: string; file(name: RegExp): string }> {
  const data = temporaryDirectory(t);
  claimDataDirectory(data).release();
  const store = await openStore(data);
  for (let n = 0; n < COUNT; n++) await store.change((transaction) => transaction.put(keyOf(n), 'x'.repeat(300)));
  await store.close();
  const db = join(data, 'db');
  return {
    data,
    file: (name) =>
      join(db, readdirSync(db).find((each) => name.test(each)) ?? assert.fail(`no ${name} in ${readdirSync(db)}`)),
  };
}

async function stored(data: string): Promise<number> {
  const store = await openStore(data);
  const { length } = await store.values('n/');
  await store.close();
  return length;
}

function damage(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes.fill(bytes[at] === 0xaa ? 0x55 : 0xaa, at, at + 3);
  writeFileSync(file, bytes);
}

describe('a store', () => {
  for (const [what, harm, message] of [
    ['whose CURRENT is gone', (s) => rmSync(s.file(/^CURRENT$/)), /CURRENT is missing/],
    ['whose CURRENT is empty', (s) => truncateSync(s.file(/^CURRENT$/), 0), /CURRENT/],
    ['whose CURRENT names nothing', (s) => writeFileSync(s.file(/^CURRENT$/), 'MANIFEST-999999\n'), /MANIFEST-999999/],
    ['whose MANIFEST is gone', (s) => rmSync(s.file(/^MANIFEST/)), /MANIFEST-\d+: No such file/],
    ['whose MANIFEST is damaged', (s) => damage(s.file(/^MANIFEST/), 10), /MANIFEST|checksum|descriptor|manifest/],
    ['whose log is damaged in the middle', (s) => damage(s.file(/\.log$/), 40_000), /\.log holds a damaged record at/],
    ['whose log is damaged at its start', (s) => damage(s.file(/\.log$/), 3), /\.log holds a damaged record at byte 0/],
  ] as [string, (s: Awaited<ReturnType<typeof filled>>) => void, RegExp][]) {
    it(`${what} is refused, with its path and what to do; a repair saves nearly all`, async (t) => {
      const store = await filled(t);
      harm(store);
      await assert.rejects(openStore(store.data), (error: Error & { code: string; next: string }) => {
        assert.equal(error.code, 'STORE_CORRUPT', error.message);
        assert.ok(error.message.includes(join(store.data, 'db')), error.message);
        assert.match(error.message, message);
        assert.ok(error.next.includes(`tinsmith repair --data ${store.data}`));
        return true;
      });
      const { kept } = await repairStore(store.data);
      assert.equal(await stored(store.data), kept);
      assert.ok(kept >= COUNT - 110, `${kept} of ${COUNT} are left`);
    });
  }

  it('whose last write was cut short opens without it', async (t) => {
    const store = await filled(t);
    const log = store.file(/\.log$/);
    truncateSync(log, readFileSync(log).length - 5);
    assert.equal(await stored(store.data), COUNT - 1);
  });

  it('that is empty, or new, is no damaged one; one that is not there cannot be repaired', async (t) => {
    const data = temporaryDirectory(t);
    await assert.rejects(repairStore(data), { code: 'NOT_FOUND' });
    assert.equal(await stored(data), 0);
    assert.equal(await stored(data), 0);
  });
});

describe('tinsmith repair', () => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, '../../src/main.ts'), 'repair', ...words], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });

  it('repairs and says what is left', async (t) => {
    const { data, file } = await filled(t);
    rmSync(file(/^CURRENT$/));
    const { status, stdout, stderr } = run('--data', data);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /300 entries are there/);
    assert.equal(await stored(data), COUNT);
    assert.deepEqual(JSON.parse(run('--data', data, '--output', 'json').stdout), { kept: COUNT, dropped: 0 });
  });

  it('is refused while the directory is in use, and where there is no store', async (t) => {
    const { data } = await filled(t);
    const held = claimDataDirectory(data);
    const { status, stderr } = run('--data', data);
    held.release();
    assert.equal(status, 75);
    assert.match(stderr, new RegExp(`in use by another Tinsmith, process ${process.pid}`));
    const absent = join(temporaryDirectory(t), 'absent');
    assert.equal(run('--data', absent).status, 66);
    assert.ok(!existsSync(absent), 'a misspelt directory is not made');
  });
});

describe('damageInLog', () => {
  it('finds nothing in any log cut short', async (t) => {
    const log = readFileSync((await filled(t)).file(/\.log$/));
    assert.equal(damageInLog(log), undefined);
    fc.assert(
      fc.property(fc.nat(log.length), (length) => damageInLog(log.subarray(0, length)) === undefined),
      { numRuns: 50 },
    );
  });

  it('finds any byte changed before the last record', async (t) => {
    const log = readFileSync((await filled(t)).file(/\.log$/));
    fc.assert(
      fc.property(fc.nat(log.length - 1000), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(log);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        const found = damageInLog(damaged);
        return found !== undefined && found <= at;
      }),
      { numRuns: 50 },
    );
  });
});
