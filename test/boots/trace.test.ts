/** What is remembered of boots, and that strangers cannot make it grow for ever. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PLAYED } from '../../src/boots/played.ts';
import { Trace, type TraceEntry } from '../../src/boots/trace.ts';

function made(isKnown?: (mac: string) => boolean) {
  let now = 0;
  const trace = new Trace(() => now, isKnown);
  const note = (mac: string, more: Partial<TraceEntry> = {}): void =>
    trace.note({
      mac,
      role: 'dhcp',
      what: 'DISCOVER',
      outcome: 'answered',
      reason: 'workflow-waiting',
      sentence: 's',
      details: {},
      ...more,
    });
  const at = (ms: number): void => {
    now = ms;
  };
  return { trace, note, at };
}
const macOf = (n: number): string =>
  n
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?=.)/g, '$&:');

describe('the trace', () => {
  it('keeps of a boot how it began and what came last, oldest first', () => {
    const { trace, note, at } = made();
    for (let i = 0; i < 305; i++) {
      at(i);
      note('a', { what: String(i) });
    }
    const entries = trace.of('a');
    assert.deepEqual([entries.length, entries[0]?.what, entries.at(-1)?.what], [200, '0', '304']);
    assert.deepEqual(
      entries.map(({ time }) => time),
      entries.map(({ time }) => time).sort((x, y) => x - y),
    );
    assert.deepEqual(trace.of('b'), []);
  });

  it('drops what is said again before what is said once', () => {
    const { trace, note } = made();
    for (let i = 0; i < 60; i++) note('a');
    note('a', { role: 'http', what: 'initrd.img', reason: 'sent' });
    for (let i = 0; i < 5000; i++) note('a', { reason: 'unknown-machine' });
    assert.equal(trace.of('a').filter(({ what }) => what === 'initrd.img').length, 1);
  });

  it('begins a boot with a DISCOVER of firmware after silence, or once the one before has got on', () => {
    const { trace, note, at } = made();
    const firmware = (kind: string, time: number): void => {
      at(time * 1000);
      note('a', { details: { firmware: kind } });
    };
    firmware('pxe', 0);
    firmware('pxe', 4);
    note('a', { role: 'tftp', what: 'ipxe.efi' });
    firmware('ipxe', 6);
    note('a', { role: 'script', what: 'auto.ipxe' });
    note('a', { details: {} });
    firmware('pxe', 20);
    firmware('pxe', 400);
    firmware('ipxe', 402);
    note('a', { role: 'script', what: 'auto.ipxe' });
    firmware('ipxe', 410);
    assert.deepEqual(
      trace.boots('a').map(({ number, entries }) => [number, entries.length]),
      [
        [1, 6],
        [2, 1],
        [3, 3],
        [4, 1],
      ],
    );
    assert.equal(trace.lastBoot('a')?.number, 4);
  });

  it('begins no boot where a machine is played, and takes nothing of that for its own', () => {
    const { trace, note, at } = made();
    const discover = (time: number, details: TraceEntry['details']): void => {
      at(time * 1000);
      note('a', { details: { firmware: 'pxe', address: `10.0.0.${time}`, ...details } });
    };
    discover(0, {});
    note('a', { role: 'tftp', what: 'ipxe.efi', details: PLAYED });
    discover(5, {});
    discover(100, PLAYED);
    // The silence since the machine's own packet counts, not that since the played one.
    assert.equal(trace.lastAnswer('a', 100_000)?.details.address, '10.0.0.5');
    discover(130, {});
    assert.deepEqual(
      trace.boots('a').map(({ entries }) => entries.length),
      [4, 1],
    );
    note('b', { details: PLAYED });
    assert.ok(trace.lastAnswer('b', 1000), 'there is no other');
  });

  it('keeps the last five boots of a machine', () => {
    const { trace, note, at } = made();
    for (let boot = 0; boot < 9; boot++) {
      at(boot * 600_000);
      note('a', { details: { firmware: 'pxe' } });
    }
    assert.deepEqual(
      trace.boots('a').map(({ number }) => number),
      [5, 6, 7, 8, 9],
    );
  });

  it('keeps less of strangers, who push out none of ours', () => {
    const { trace, note, at } = made((mac) => mac === 'ours');
    note('ours');
    for (let i = 0; i < 100_000; i++) {
      at(i);
      note(macOf(i % 3000));
    }
    at(110_000);
    for (let i = 0; i < 500; i++) note('aa:aa:aa:aa:aa:aa');
    assert.equal(trace.of('ours').length, 1);
    assert.equal(trace.of('aa:aa:aa:aa:aa:aa').length, 50);
    assert.ok(trace.newest().length <= 1025);
  });

  it('takes in of a flood of strangers only as many as can stay for ten seconds, and keeps what those do', () => {
    const { trace, note, at } = made(() => false);
    for (let i = 0; i < 3000; i++) note(macOf(i));
    for (let i = 0; i < 3000; i++) note(macOf(i), { what: 'REQUEST' });
    const lengths = (from: number, to: number) =>
      new Set(Array.from({ length: to - from }, (_, i) => trace.of(macOf(from + i)).length));
    assert.deepEqual(lengths(0, 1024), new Set([2]));
    assert.deepEqual(lengths(1024, 3000), new Set([0]));
    for (let ms = 1; ms <= 10_000; ms++) {
      at(ms);
      note(macOf(10_000 + ms));
      note(macOf(0));
    }
    assert.equal(trace.newest().length, 1024);
    const latecomers = trace.newest().filter(({ mac }) => mac > macOf(10_000));
    assert.equal(latecomers.length, 1023);
    assert.ok(latecomers.some(({ mac }) => mac > macOf(19_900)));
  });

  it('makes no entry that it does not keep, and says when it last kept none', () => {
    const { trace, note, at } = made(() => false);
    for (let i = 0; i < 1024; i++) note(macOf(i));
    assert.equal(trace.missedAt, undefined);
    at(5);
    trace.noteOf(macOf(5000), () => assert.fail('it was made'));
    assert.equal(trace.missedAt, 5);
  });

  it('goes on taking in strangers where the clock is set back', () => {
    const { trace, note, at } = made(() => false);
    at(1e12);
    for (let i = 0; i < 1024; i++) note(macOf(i));
    at(5);
    note(macOf(2000));
    at(1005);
    note(macOf(2000));
    assert.equal(trace.of(macOf(2000)).length, 1);
  });

  it('takes a stranger for a machine once it is one', () => {
    const known = new Set<string>();
    const { trace, note } = made((mac) => known.has(mac));
    note('a');
    known.add('a');
    for (let i = 0; i < 100; i++) note('a');
    assert.equal(trace.of('a').length, 101);
  });

  it('forgets the MAC address heard longest ago, not the one that came first', () => {
    const { trace, note } = made();
    note('ours');
    for (let i = 0; i < 4095; i++) note(macOf(i));
    note('ours');
    for (let i = 5000; i < 9000; i++) note(macOf(i));
    assert.equal(trace.of('ours').length, 2);
    assert.equal(trace.of(macOf(0)).length, 0);
    assert.equal(trace.newest().length, 4096);
    assert.equal(trace.newest()[0]?.mac, macOf(8999));
  });

  it('holds 50,000 entries of any MAC addresses, with texts cut, whatever comes', () => {
    const { trace, note } = made();
    for (let i = 0; i < 200_000; i++) note(macOf(i % 1000), { what: 'x'.repeat(i % 100 ? 3 : 70_000) });
    const all = trace.newest().flatMap(({ mac }) => trace.of(mac));
    assert.ok(all.length <= 50_000 && all.length > 49_000, String(all.length));
    assert.ok(all.every(({ what }) => what.length <= 500));
  });

  it('knows who had an answer from DHCP lately', () => {
    const { trace, note, at } = made();
    note('answered');
    note('ignored', { outcome: 'ignored' });
    note('tftp', { role: 'tftp' });
    at(1000);
    assert.deepEqual(
      ['answered', 'ignored', 'tftp', 'unheard'].map((mac) => trace.lastAnswer(mac, 1000)?.mac),
      ['answered', undefined, undefined, undefined],
    );
    at(1001);
    assert.equal(trace.lastAnswer('answered', 1000), undefined);
  });

  it('tells listeners until they stop', () => {
    const { trace, note } = made();
    const heard: string[] = [];
    const stop = trace.listen(({ mac }) => heard.push(mac));
    note('a');
    stop();
    note('b');
    assert.deepEqual(heard, ['a']);
  });
});
