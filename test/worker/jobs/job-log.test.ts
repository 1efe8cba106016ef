import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { JobLog, type JobLogParts } from '../../../src/worker/jobs/job-log.ts';
import { BEGINNING } from '../../../src/worker/jobs/journal.ts';
import { TOO_MUCH } from '../../../src/worker/output.ts';
import type { LogEntry, LogPost } from '../../../src/worker/protocol.ts';
import { fastClock } from '../fake-clock.ts';

const directory = await mkdtemp(join(tmpdir(), 'tinsmith-log-'));
after(() => rm(directory, { recursive: true }));

/** A server that keeps entries by number, and can be held up. */
function fakeApi() {
  const held: LogEntry[] = [];
  const posts: LogPost[] = [];
  let open = Promise.resolve();
  const api: JobLogParts['api'] = {
    async log(post, signal) {
      await Promise.race([open, once(signal, 'abort')]);
      signal.throwIfAborted();
      posts.push(post);
      if (post.from <= held.length) held.push(...post.entries.slice(held.length - post.from));
      return { kind: 'answer', value: { next: held.length } };
    },
  };
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    open = promise;
    return resolve;
  };
  return { api, held, posts, hold };
}

const opened = (name: string, api: JobLogParts['api'], more: Partial<JobLogParts> = {}) =>
  JobLog.open(join(directory, name), {
    ...{ key: { workflow: 'w', action: 0, attempt: 1 }, api, clock: fastClock(10), secrets: ['hunter2'] },
    ...{ echo: () => {}, say: (text: string) => assert.fail(text) },
    ...more,
  });
const text = (n: number) => ({ stream: 'stdout' as const, text: `${String(n).padEnd(15_000, '.')}\n` });
const numbers = (entries: readonly LogEntry[]): number[] => entries.map((entry) => Number.parseInt(entry.text, 10));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

describe('the log of a Job', () => {
  test('is sent whole, in order, also when there is more than is held in memory', async () => {
    const { api, held, hold } = fakeApi();
    const release = hold();
    const log = await opened('large', api);
    for (const n of upTo(1500)) await log.add([text(n)], { ...BEGINNING, stdout: n });
    assert.equal(log.posted, false);
    release();
    await log.finish(AbortSignal.timeout(20_000));
    assert.deepEqual(numbers(held), upTo(1500));
    assert.equal(log.posted, true);
  });

  test('is gone on with by another worker, from what the server has', async () => {
    for (const known of [0, 1, 3]) {
      const first = fakeApi();
      first.hold();
      const log = await opened(`next-${known}`, first.api);
      for (const n of upTo(3)) await log.add([text(n)], { ...BEGINNING, stdout: n + 1 });
      await log.finishWithin(10).catch(() => {});
      const { api, held, posts } = fakeApi();
      held.push(...upTo(known).map((n) => ({ at: 1, ...text(n) })));
      const second = await opened(`next-${known}`, api);
      assert.equal(second.position.stdout, 3);
      await second.note('hunter2 is hidden');
      await second.finish(AbortSignal.timeout(20_000));
      assert.deepEqual(numbers(held.slice(0, 3)), upTo(3));
      assert.deepEqual(
        held.slice(3).map((entry) => entry.text),
        ['******** is hidden\n'],
      );
      assert.deepEqual(
        posts.flatMap(({ entries }) => entries).length,
        4 - known,
        'what the server has is not sent again',
      );
    }
  });

  test('is sent again from where the server was set back to', async () => {
    const { api, held } = fakeApi();
    const log = await opened('back', api);
    await log.add(upTo(5).map(text), BEGINNING);
    while (held.length < 5) await new Promise((resolve) => setTimeout(resolve, 1));
    held.splice(2);
    await log.add([text(5)], BEGINNING);
    await log.finish(AbortSignal.timeout(20_000));
    assert.deepEqual(numbers(held), upTo(6));
  });

  test('ends with a mark where there is too much, once, also with another worker', async () => {
    const { api, held } = fakeApi();
    const first = await opened('limit', api);
    for (let n = 0; n < 2300; n += 1) await first.add([text(n)], BEGINNING);
    await first.finish(AbortSignal.timeout(20_000));
    const second = await opened('limit', api);
    await second.add([text(1)], BEGINNING);
    await second.finish(AbortSignal.timeout(20_000));
    assert.equal(held.filter((entry) => entry.text === TOO_MUCH).length, 1);
    assert.equal(held.at(-1)?.text, TOO_MUCH);
    assert.ok(held.length > 2200 && held.length < 2300);
    assert.equal(first.lastLines.at(-1)?.startsWith('2299'), true);
  });

  test('is left where it is when the server will not have it', async () => {
    const refuse: JobLogParts['api'] = { log: async () => ({ kind: 'refused', status: 404, reason: 'gone' }) };
    const log = await opened('refused', refuse);
    await log.note('one');
    await log.finish(AbortSignal.timeout(20_000));
    assert.equal(log.posted, true);
  });
});
