/** The follower of a container's output, with an engine that does not tell all of it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LogFollower } from '../../src/worker/log-follower.ts';
import type { LogFrame } from '../../src/worker/output.ts';
import type { LogEntry } from '../../src/worker/protocol.ts';
import { fastClock } from './fake-clock.ts';

const frame = (n: number, text: string, stream: 'stdout' | 'stderr' = 'stdout'): LogFrame => ({
  stream,
  payload: Buffer.from(`2026-01-02T03:04:05.00000000${n}Z ${text}`),
});

/** What a follower posts of an ended container of whose messages only the first `told` come at each following. */
async function posted(recorded: LogFrame[], ...told: number[]): Promise<string> {
  const entries: LogEntry[] = [];
  const follower = new LogFollower(
    {
      container: 'c',
      engine: {
        async *logs() {
          yield* recorded.slice(0, told.shift());
        },
        lastLogs: async () => recorded.slice(-3),
        inspect: async () => ({ running: false, exitCode: 0, outOfMemory: false, error: '' }),
      },
      post: async ({ from, entries: batch }) => {
        entries.splice(from, batch.length, ...batch);
        return { kind: 'answer', value: { next: entries.length } };
      },
      clock: fastClock(100),
      echo: () => {},
      progress: () => {},
      signal: new AbortController().signal,
    },
    false,
  );
  await follower.finish();
  return entries.map(({ text }) => text).join('|');
}

it('asks for last lines without a newline, which the engine leaves out at a container’s end', async () => {
  const recorded = [frame(1, 'a\n'), frame(2, 'b\n'), frame(3, 'out'), frame(4, 'err', 'stderr')];
  assert.equal(await posted(recorded, 2), 'a\n|b\n|out|err');
  assert.equal(await posted(recorded, 3), 'a\n|b\n|out|err');
  assert.equal(await posted(recorded, 4), 'a\n|b\n|out|err', 'and takes nothing twice');
  assert.equal(await posted([frame(1, 'all')], 0), 'all');
  assert.equal(await posted([], 0), '');
});

it('reads from the beginning again when more than that is missing', async () => {
  const recorded = [1, 2, 3, 4, 5, 6].map((n) => frame(n, `${n}\n`));
  assert.equal(await posted(recorded, 1, 6), '1\n|2\n|3\n|4\n|5\n|6\n');
});
