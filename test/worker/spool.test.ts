import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LogEntry } from '../../src/worker/protocol.ts';
import { Spool } from '../../src/worker/spool.ts';

const entry = (text: string): LogEntry => ({ at: 1, stream: 'stdout', text });

describe('the spool', () => {
  test('whatever is lost, repeated or read again, the server gets every entry once and in order', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('read' as const), count: fc.integer({ min: 1, max: 20 }) }),
      // The post arrives and its answer too; the post is lost; or only its answer is.
      fc.record({ do: fc.constant('post' as const), fate: fc.constantFrom('arrives', 'lost', 'answer lost') }),
      // The worker is killed and started again, with a new spool.
      fc.record({ do: fc.constant('restart' as const) }),
      fc.record({ do: fc.constant('read again' as const) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.array(step, { maxLength: 60 }), (total, steps) => {
        const output = Array.from({ length: total }, (_, n) => entry(`${n}\n`));
        const server: LogEntry[] = [];
        let spool = new Spool();
        let reader = 0;
        const post = (from: number, entries: LogEntry[]): number => {
          if (from <= server.length) server.push(...entries.slice(server.length - from));
          return server.length;
        };
        const read = (count: number): void => {
          for (; count > 0 && reader < total; count -= 1, reader += 1) spool.offer(reader, output[reader] ?? entry(''));
        };
        const send = (fate: string): void => {
          const batch = spool.batch();
          if (!batch || fate === 'lost') return;
          const next = post(batch.from, batch.entries);
          if (fate === 'arrives' && !spool.acknowledge(next)) reader = 0;
        };
        for (const one of steps) {
          if (one.do === 'read') read(one.count);
          else if (one.do === 'post') send(one.fate);
          else {
            reader = 0;
            if (one.do === 'restart') {
              spool = new Spool();
              spool.acknowledge(post(0, []));
            }
          }
        }
        read(total);
        while (!spool.empty) send('arrives');
        assert.deepEqual(server, output);
      }),
    );
  });

  test('is full at its capacity and has room again when the server has taken some', () => {
    const spool = new Spool(10);
    for (let n = 0; n < 3; n += 1) assert.equal(spool.offer(n, entry('12345')), true);
    assert.equal(spool.full, true);
    spool.acknowledge(2);
    assert.equal(spool.full, false);
    assert.deepEqual(spool.batch(), { from: 2, entries: [entry('12345')] });
  });

  test('a server that has lost entries gets them by reading again', () => {
    const spool = new Spool();
    spool.acknowledge(5);
    assert.equal(spool.offer(4, entry('known')), false);
    assert.equal(spool.offer(5, entry('new')), true);
    assert.equal(spool.acknowledge(2), false);
    assert.equal(spool.offer(1, entry('known')), false);
    assert.equal(spool.offer(2, entry('again')), true);
    assert.throws(() => spool.offer(9, entry('gap')), RangeError);
  });

  test('a batch is bounded in bytes and entries', () => {
    const spool = new Spool();
    for (let n = 0; n < 40; n += 1) spool.offer(n, entry('x'.repeat(16_000)));
    assert.equal(spool.batch()?.entries.length, 16);
    assert.equal(spool.batchFull, true);
  });
});
