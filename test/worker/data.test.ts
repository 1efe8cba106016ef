import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { WorkerApi } from '../../src/worker/client.ts';
import { type DataRules, EphemeralData } from '../../src/worker/data.ts';

const KEY = { workflow: 'w', action: 3, attempt: 1 };
const { signal } = new AbortController();

/** A server's data: versions, and what it answers to an update. */
function stage(t: TestContext, rules: Partial<DataRules> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'tinsmith-data-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const server = { version: 0, bytes: Buffer.alloc(0), refusal: '', puts: [] as { base: number; text: string }[] };
  const api: Pick<WorkerApi, 'data' | 'putData'> = {
    data: async () => ({ kind: 'answer', value: { version: server.version, bytes: server.bytes } }),
    async putData(_key, base, bytes) {
      server.puts.push({ base, text: bytes.toString() });
      if (server.refusal) return { kind: 'refused', status: 409, reason: server.refusal };
      server.version += 1;
      server.bytes = Buffer.from(bytes);
      return { kind: 'answer', value: { version: server.version, merged: false } };
    },
  };
  const make = () =>
    new EphemeralData({ directory, workflow: 'w', rules: { kind: 'json', limit: 100, ...rules }, api });
  const file = join(directory, 'w', 'data');
  return { directory, server, file, make, data: make() };
}

describe('the ephemeral data', () => {
  test('is an empty object before there is any, and not sent while it is that', async (t) => {
    const { data, file, server } = stage(t);
    await data.fetch(signal);
    assert.equal(readFileSync(file, 'utf8'), '{}');
    assert.equal(await data.send(KEY, signal), undefined);
    assert.deepEqual(server.puts, []);
  });

  test('is empty before there is any, where it may be any bytes', async (t) => {
    const { data, file, server } = stage(t, { kind: 'binary' });
    await data.fetch(signal);
    assert.equal(statSync(file).size, 0);
    writeFileSync(file, Buffer.from([0, 255, 1]));
    assert.equal(await data.send(KEY, signal), undefined);
    assert.equal(server.puts.length, 1);
  });

  test('is written whole: what is shorter than before leaves nothing behind it', async (t) => {
    const { data, file, server } = stage(t);
    Object.assign(server, { version: 4, bytes: Buffer.from('{"long": "long long"}') });
    await data.fetch(signal);
    Object.assign(server, { version: 5, bytes: Buffer.from('{"a":1}') });
    await data.fetch(signal);
    assert.equal(readFileSync(file, 'utf8'), '{"a":1}');
    assert.equal(statSync(file).mode & 0o777, 0o666);
  });

  test('is sent once for each change, with the version that it was made of, by whichever worker', async (t) => {
    const { data, make, file, server } = stage(t);
    Object.assign(server, { version: 4, bytes: Buffer.from('{"a":1}') });
    await data.fetch(signal);
    writeFileSync(file, '{"a":2}');
    // The worker that began it is gone.
    assert.equal(await make().send(KEY, signal), undefined);
    assert.equal(await make().send(KEY, signal), undefined);
    assert.deepEqual(server.puts, [{ base: 4, text: '{"a":2}' }]);
  });

  test("is refused in the server's words", async (t) => {
    const { data, file, server } = stage(t);
    await data.fetch(signal);
    writeFileSync(file, '{"a":2}');
    server.refusal = 'node1 and node2 have both written the key a.';
    assert.match((await data.send(KEY, signal)) ?? '', /was not taken: node1 and node2/);
  });

  for (const [what, text, fault] of [
    [
      'broken JSON',
      '{"a": 1,\n  b: 2}',
      /^\/workflow\/data is not JSON: line 2, column 3: a name in double quotes was/,
    ],
    ['no object', '[1]', /is JSON, but not an object/],
    ['nothing', '', /line 1, column 1: a value was expected/],
    ['no text', Buffer.from([0x7b, 0xff]), /not UTF-8/],
    ['too much', `{"a": "${'x'.repeat(100)}"}`, /has 109 bytes, and the limit is 100 bytes/],
  ] as const) {
    test(`that is ${what} is not sent`, async (t) => {
      const { data, file, server } = stage(t);
      await data.fetch(signal);
      writeFileSync(file, text);
      assert.match((await data.send(KEY, signal)) ?? '', fault);
      assert.deepEqual(server.puts, []);
    });
  }

  for (const [what, replace, fault] of [
    ['a link to a file of the machine', (file: string) => symlinkSync('/etc/hostname', file), /symbolic link/],
    ['a named pipe that nobody writes to', (file: string) => void execFileSync('mkfifo', [file]), /named pipe/],
    ['a directory', (file: string) => void mkdirSync(join(file, 'deep'), { recursive: true }), /a directory/],
    ['nothing', () => {}, /was removed/],
  ] as const) {
    test(`replaced by ${what} is not read, and put right for the next action`, async (t) => {
      const { data, file, server } = stage(t);
      await data.fetch(signal);
      unlinkSync(file);
      replace(file);
      assert.match((await data.send(KEY, signal)) ?? '', fault);
      assert.deepEqual(server.puts, []);
      await data.fetch(signal);
      assert.equal(readFileSync(file, 'utf8'), '{}');
      assert.ok(!statSync(file).isDirectory());
    });
  }
});
