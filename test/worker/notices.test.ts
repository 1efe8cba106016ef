import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerApi } from '../../src/worker/client.ts';
import { Notices } from '../../src/worker/notices.ts';
import { fastClock } from './fake-clock.ts';

type Opened = Awaited<ReturnType<WorkerApi['stream']>>;

/** Streams as the test says them, one after another; what comes after the last is silence. */
function stage(t: TestContext, streams: (string[] | Opened)[], speed = 1000) {
  const controller = new AbortController();
  let opened = 0;
  const heard: string[] = [];
  let look = (): void => {};
  const note = (what: string): void => {
    heard.push(what);
    look();
  };
  async function* bytes(texts: string[], signal: AbortSignal) {
    for (const text of texts) yield Buffer.from(text);
    if (texts.at(-1) !== 'end') await delay(60_000, undefined, { signal });
  }
  const api: Pick<WorkerApi, 'stream'> = {
    async stream(signal) {
      note(`open ${opened}`);
      const stream = opened < streams.length ? streams[opened] : [];
      opened += 1;
      return Array.isArray(stream) ? { kind: 'answer', value: bytes(stream, signal) } : stream;
    },
  };
  const notices = new Notices({ api, clock: fastClock(speed), random: () => 1 });
  notices.onWork(() => note('work'));
  notices.onServices(() => note('services'));
  notices.onStop((notice) => note(`stop ${notice.workflow}/${notice.action}/${notice.attempt} ${notice.reason}`));
  const done = notices.run(controller.signal).catch(() => {});
  t.after(async () => {
    controller.abort();
    await done;
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition())
      await new Promise<void>((resolve) => {
        look = resolve;
      });
  };
  return { heard, notices, until };
}

describe('the notices', () => {
  test('are told to whoever listens, wherever the bytes are cut', async (t) => {
    const stop = { workflow: 'w', action: 1, attempt: 2, reason: 'cancelled' };
    const text = `:\n\nevent: work\ndata: {}\n\nevent: services\r\n\r\nevent: stop\ndata: ${JSON.stringify(stop)}\n\nevent: stop\ndata: broken\n\n`;
    const { heard, notices, until } = stage(t, [[...text]]);
    await until(() => heard.length === 6);
    // When a stream is opened, what was said before it may have been missed.
    assert.deepEqual(heard, ['open 0', 'work', 'services', 'work', 'services', 'stop w/1/2 cancelled']);
    assert.equal(notices.up, true);
  });

  test('come again by another stream when the first ends, or could not be had', async (t) => {
    const { heard, until } = stage(t, [['end'], undefined, ['event: work\n\n']]);
    await until(() => heard.at(-1) === 'work' && heard.length === 8);
    assert.deepEqual(
      heard.filter((one) => one.startsWith('open')),
      ['open 0', 'open 1', 'open 2'],
    );
  });

  test('come by another stream when one has been silent for 75 s', async (t) => {
    const { heard, until } = stage(t, [[':\n\n']], 1000);
    await until(() => heard.includes('open 1'));
  });

  test('are not asked for without end where the server has none', async (t) => {
    const clock = fastClock(1000);
    const begun = clock.uptime();
    const { heard, notices, until } = stage(t, [{ kind: 'refused', status: 404, reason: 'no such path' }]);
    await until(() => heard.includes('open 0'));
    assert.equal(notices.up, false);
    await until(() => heard.includes('open 1'));
    assert.ok(clock.uptime() - begun > 50_000);
  });
});
