import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../../src/worker/frames.ts';
import { Lines, type LogFrame, OutputReader, Tail } from '../../src/worker/output.ts';

const frame = (text: string, stream: LogFrame['stream'] = 'stdout'): LogFrame => ({
  stream,
  payload: Buffer.from(`2026-01-02T03:04:05.123456789Z ${text}`),
});

function wire({ stream, payload }: LogFrame): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

describe("the engine's stream", () => {
  test('gives the same frames wherever its chunks are cut', () => {
    const frames = fc.array(
      fc.record({
        stream: fc.constantFrom('stdout' as const, 'stderr' as const),
        payload: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
      }),
    );
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent.map(wire));
        const reader = new FrameReader();
        const got: LogFrame[] = [];
        for (let at = 0, n = 0; at < bytes.length; n += 1) {
          const size = sizes[n % sizes.length] ?? 1;
          got.push(...reader.push(bytes.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(
          got.map(({ stream, payload }) => [stream, payload.toString('hex')]),
          sent.map(({ stream, payload }) => [stream, payload.toString('hex')]),
        );
      }),
    );
  });

  test('what is no such stream is said to be none', () => {
    assert.throws(() => new FrameReader().push(Buffer.from('HTTP/1.1 200 OK')), RangeError);
  });
});

describe('the output', () => {
  test("a line is an entry with the engine's time and stream", () => {
    const [output] = new OutputReader().read(frame('héllo\n', 'stderr'));
    assert.deepEqual(output, {
      kind: 'entry',
      entry: { at: Date.parse('2026-01-02T03:04:05.123Z'), stream: 'stderr', text: 'héllo\n' },
    });
  });

  test('entries are bounded and lose nothing', () => {
    const text = 'x'.repeat(40_000);
    const entries = new OutputReader()
      .read(frame(text))
      .map((output) => (output.kind === 'entry' ? output.entry.text : ''));
    assert.ok(entries.every((one) => one.length <= 16_000));
    assert.equal(entries.join(''), text);
  });

  test('too much of it is not sent, which a mark says once; what it comes to is the same each time it is read', () => {
    const read = () => {
      const reader = new OutputReader([], 200);
      return Array.from({ length: 20 }, (_, n) => reader.read(frame(`line ${n}\n`))).flat();
    };
    const outputs = read();
    const sent = outputs.flatMap((output) => (output.kind === 'entry' ? [output.entry.text] : []));
    assert.deepEqual(sent.slice(0, -1), ['line 0\n', 'line 1\n', 'line 2\n', 'line 3\n', 'line 4\n', 'line 5\n']);
    assert.match(sent.at(-1) ?? '', /too much output/);
    assert.equal(outputs.filter(({ kind }) => kind === 'unsent').length, 14);
    assert.deepEqual(read(), outputs);
  });

  test('progress is only what is a whole line of it', () => {
    const reader = new OutputReader();
    const kinds = (text: string) => reader.read(frame(text)).map(({ kind }) => kind);
    assert.deepEqual(kinds('progress {"downloaded":1,"total":2}\n'), ['progress']);
    assert.deepEqual(kinds('progress {"downloaded":"much"}\n'), ['entry']);
    assert.deepEqual(kinds('progress {broken\n'), ['entry']);
    assert.deepEqual(kinds('a fragment '), ['entry']);
    assert.deepEqual(kinds('progress {"downloaded":1}\n'), ['entry'], 'it is the rest of a line');
    assert.deepEqual(kinds('progress {"downloaded":1}\n'), ['progress']);
  });

  test('the tail is the last 20 lines, put together of fragments, as a terminal would show them', () => {
    const tail = new Tail();
    for (let n = 0; n < 30; n += 1) tail.add({ at: 0, stream: 'stdout', text: `line ${n}\n` });
    tail.add({ at: 0, stream: 'stderr', text: 'half ' });
    tail.add({ at: 0, stream: 'stderr', text: 'and half\n10 %\r\x1b[31m99 %\x1b[0m\r\nopen' });
    const lines = tail.lines();
    assert.equal(lines.length, 20);
    assert.deepEqual(lines.slice(-4), ['line 29', 'half and half', '99 %', 'open']);
  });

  test('a line without end does not grow without end', () => {
    const lines = new Lines();
    for (let n = 0; n < 100; n += 1) lines.add({ at: 0, stream: 'stdout', text: 'x'.repeat(10_000) });
    assert.ok((lines.rest()[0]?.length ?? 0) <= 16_000);
  });
});
