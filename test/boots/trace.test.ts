/** What is remembered of boots, and that strangers cannot make it grow for ever. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Trace, type TraceEntry } from '../../src/boots/trace.ts';

function made() {
  let now = 0;
  const trace = new Trace(() => now);
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
  it('keeps the last 300 entries of a MAC address, oldest first', () => {
    const { trace, note, at } = made();
    for (let i = 0; i < 305; i++) {
      at(i);
      note('a', { what: String(i) });
    }
    const entries = trace.of('a');
    assert.deepEqual([entries.length, entries[0]?.time, entries.at(-1)?.what], [300, 5, '304']);
    assert.deepEqual(trace.of('b'), []);
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
