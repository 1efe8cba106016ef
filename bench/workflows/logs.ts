/** How many lines of an action's output a second reach whoever follows the event stream, kept on disk on their way. */
import { join } from 'node:path';
import { dockerEngine } from '../../src/worker/docker-engine.ts';
import { runWorker } from '../../src/worker/index.ts';
import { type Row, rowOf } from '../report.ts';
import { MAC, type Stage, setStage } from './stage.ts';

const ROUNDS = 5;
const LINES = 100_000;
const LINE = 'x'.repeat(79);
/** Lines a second that are good enough. */
const GOAL = 20_000;
/** A round that takes longer has lost something, ms. */
const LIMIT = 120_000;

/** @param progress told what is being measured */
export async function benchLogs(progress: (text: string) => void): Promise<Row[]> {
  progress('the output of actions, from worker to follower');
  const script = `yes ${LINE} | head -n ${LINES}`;
  const actions = Array.from(
    { length: ROUNDS },
    (_, n) => `      - {name: talk-${n}, image: "busybox:bench", timeout: 600, command: [/bin/sh, -c, "${script}"]}\n`,
  );
  const stage = await setStage(actions.join(''));
  const ended = new AbortController();
  try {
    const arrivals = await follow(stage, ended.signal);
    const { server, token, socket, directory } = stage;
    const worker = runWorker(
      { server, token, id: MAC, dockerSockets: [socket] },
      {
        version: 'bench',
        say: () => {},
        engine: dockerEngine({ sockets: [socket] }),
        directory: join(directory, 'shared'),
        privileged: false,
        sync: async () => {},
        boot: 'bench-boot',
        signal: ended.signal,
      },
    );
    const rounds: number[] = [];
    try {
      for (let action = 0; action < ROUNDS; action += 1) {
        const { first, last } = await arrivals(action);
        rounds.push((LINES / (last - first)) * 1000);
      }
    } finally {
      ended.abort();
      await worker;
    }
    return [
      rowOf({
        name: 'log lines per second through worker, server, disk, to a follower',
        ours: rounds,
        peer: GOAL,
        peerName: 'lines of 80 bytes',
        unit: 'lines/s',
        better: 'more',
        goal: 1,
      }),
    ];
  } finally {
    ended.abort();
    await stage.end();
  }
}

interface Arrivals {
  /** ms */
  first: number;
  last: number;
  lines: number;
}

/**
 * Follows the event stream.
 * @returns waits until all lines of an action have come
 */
async function follow(
  { server, adminToken, workflow }: Stage,
  signal: AbortSignal,
): Promise<(action: number) => Promise<Arrivals>> {
  const response = await fetch(`${server}/api/v1/events?${new URLSearchParams({ workflow })}`, {
    headers: { authorization: `Bearer ${adminToken}`, accept: 'text/event-stream' },
    signal,
  });
  if (!response.ok || !response.body) throw new Error(`the event stream answers ${response.status}`);
  const seen = new Map<number, Arrivals>();
  const waiting = new Set<() => void>();
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of body) {
      const events = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) take(event, seen);
      for (const look of waiting) look();
    }
  };
  read(response.body).catch(() => {});
  return (action) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`${seen.get(action)?.lines ?? 0} of ${LINES} lines have come in ${LIMIT / 1000} s`));
      }, LIMIT);
      const look = (): void => {
        const found = seen.get(action);
        if (!found || found.lines < LINES) return;
        clearTimeout(late);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
}

/** Counts the lines of a `log` event. */
function take(event: string, seen: Map<number, Arrivals>): void {
  if (!/^event: log$/m.test(event)) return;
  const data: unknown = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '{}');
  const { action, entries } = logOf(data);
  const now = performance.now();
  const found = seen.get(action) ?? { first: now, last: now, lines: 0 };
  found.last = now;
  found.lines += entries.length;
  seen.set(action, found);
}

/** The part of the event that is counted. */
function logOf(event: unknown): { action: number; entries: readonly unknown[] } {
  const { data } = event as { data: { action: number; entries: readonly unknown[] } };
  return data;
}
