/** The trace on the disk: there again after a restart, lazily written, bounded. */
import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { keepTrace, type TraceDisk } from '../../../src/boots/trace/keeper.ts';
import { Trace, type TraceEntry } from '../../../src/boots/trace.ts';
import { openTraceFiles } from '../../../src/store/trace-files.ts';
import { temporaryDirectory } from '../../store/opened.ts';

const ENTRY: Omit<TraceEntry, 'time' | 'boot'> = {
  ...{ mac: 'a', role: 'dhcp', what: 'DISCOVER', outcome: 'answered', reason: 'address-offered', sentence: 's' },
  details: { firmware: 'pxe' },
};

async function started(t: TestContext, directory: string, isKnown?: (mac: string) => boolean) {
  const time = { now: 1000 };
  const trace = new Trace(() => time.now, isKnown);
  const lost: unknown[] = [];
  const disk = await openTraceFiles(directory, (cause) => void lost.push(cause));
  const written: number[] = [];
  const counted: TraceDisk = {
    ...disk,
    write: (changes) => {
      written.push(changes.puts.length);
      return disk.write(changes);
    },
  };
  const failures: unknown[] = [];
  const { stop } = await keepTrace(trace, counted, (error) => void failures.push(error));
  let stopped: Promise<void> | undefined;
  const end = () => {
    stopped ??= stop();
    return stopped;
  };
  t.after(end);
  return { trace, time, lost, written, failures, stop: end };
}

describe('the trace on the disk', () => {
  it('is there after a restart, its boots with their numbers, and goes on', async (t) => {
    const directory = temporaryDirectory(t);
    const first = await started(t, directory);
    first.trace.note(ENTRY);
    first.trace.note({ ...ENTRY, role: 'tftp', what: 'ipxe.efi' });
    first.time.now += 60_000;
    first.trace.note(ENTRY);
    const before = first.trace.boots('a');
    assert.deepEqual(
      before.map(({ number }) => number),
      [1, 2],
    );
    await first.stop();
    const second = await started(t, directory);
    assert.deepEqual(second.trace.boots('a'), before);
    second.time.now = 70_000;
    second.trace.note({ ...ENTRY, role: 'tftp', what: 'ipxe.efi' });
    second.trace.note(ENTRY);
    assert.deepEqual(
      second.trace.boots('a').map(({ number, entries }) => [number, entries.length]),
      [
        [1, 2],
        [2, 2],
        [3, 1],
      ],
    );
    await second.stop();
    assert.equal((await started(t, directory)).trace.of('a').length, 5);
  });

  it('holds what the memory holds, and no more', async (t) => {
    const directory = temporaryDirectory(t);
    const first = await started(t, directory);
    for (let i = 0; i < 1000; i++) first.trace.note({ ...ENTRY, mac: `m${i % 3}`, what: String(i) });
    await first.stop();
    const second = await started(t, directory);
    for (const mac of ['m0', 'm1', 'm2']) assert.deepEqual(second.trace.of(mac), first.trace.of(mac));
    for (let i = 0; i < 3000; i++) second.trace.note({ ...ENTRY, mac: 'm0', what: `more ${i}` });
    await second.stop();
    const third = await started(t, directory);
    assert.deepEqual(third.trace.of('m0'), second.trace.of('m0'));
  });

  it('is not written once for each packet, and of a flood of strangers hardly at all', async (t) => {
    const { trace, written, stop } = await started(t, temporaryDirectory(t), () => false);
    for (let i = 0; i < 50_000; i++) trace.note({ ...ENTRY, mac: `m${i}` });
    assert.deepEqual(written, [], 'nothing is written while packets come');
    await stop();
    const all = written.reduce((sum, count) => sum + count, 0);
    assert.ok(all > 0 && all <= 200, String(all));
  });

  it('stays below 16 MiB, whatever is noted', async (t) => {
    const directory = temporaryDirectory(t);
    const { trace, stop } = await started(t, directory);
    const sentence = 'x'.repeat(500);
    const details = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`detail${at}`, 'y'.repeat(200)]));
    for (let i = 0; i < 20_000; i++) trace.note({ ...ENTRY, mac: `m${i % 500}`, sentence, details });
    await stop();
    const again = await started(t, directory);
    const kept = again.trace.newest().flatMap(({ mac }) => again.trace.of(mac));
    const bytes = kept.reduce((sum, entry) => sum + JSON.stringify(entry).length, 0);
    assert.ok(bytes <= 16 << 20 && bytes > 14 << 20, String(bytes));
  });

  it('is begun anew where it cannot be read, and says so', async (t) => {
    const directory = temporaryDirectory(t);
    const first = await started(t, directory);
    first.trace.note(ENTRY);
    await first.stop();
    const folder = join(directory, 'trace');
    for (const name of readdirSync(folder).filter((each) => /CURRENT|MANIFEST/.test(each)))
      writeFileSync(join(folder, name), 'rubbish');
    const second = await started(t, directory);
    assert.equal(second.lost.length, 1);
    assert.deepEqual(second.trace.of('a'), []);
    second.trace.note(ENTRY);
    await second.stop();
    assert.equal((await started(t, directory)).trace.of('a').length, 1);
    assert.ok(statSync(folder).isDirectory());
  });

  it('is in memory still where the disk is full', async (t) => {
    const trace = new Trace(() => 0);
    const failures: unknown[] = [];
    const full: TraceDisk = {
      read: async () => [],
      write: async () => {
        throw new Error('no space left');
      },
      close: async () => {},
    };
    const { stop } = await keepTrace(trace, full, (error) => void failures.push(error));
    t.after(stop);
    trace.note(ENTRY);
    await stop();
    assert.equal(failures.length, 1);
    assert.equal(trace.of('a').length, 1);
  });
});
