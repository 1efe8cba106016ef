import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { TinsmithError } from '../../../src/errors.ts';
import {
  answer,
  decodeSending,
  encodeSending,
  etagOf,
  fileSegment,
  lastModifiedOf,
  type Segment,
  sendingLength,
  sliceSegments,
} from '../../../src/http/files/index.ts';

/** A pretended file in which the byte at each place is known, so that a body can be made without a disk. */
const FILE = Buffer.from(Array.from({ length: 500 }, (_, at) => at % 251));

function bodyOf(segments: readonly Segment[]): Buffer {
  return Buffer.concat(
    segments.map((segment) =>
      segment.kind === 'bytes' ? segment.bytes : FILE.subarray(segment.start, segment.start + segment.length),
    ),
  );
}

const segment: fc.Arbitrary<Segment> = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes): Segment => ({ kind: 'bytes', bytes: Buffer.from(bytes) })),
  fc
    .tuple(fc.nat(400), fc.nat(100))
    .map(([start, length]): Segment => ({ kind: 'file', path: '/f', start, length, size: 500, mtimeMs: 1.5 })),
);

test('a slice of the segments makes the slice of the body', () => {
  fc.assert(
    fc.property(fc.array(segment), fc.nat(600), fc.nat(600), (segments, a, b) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      const slice = sliceSegments(segments, start, end);
      assert.deepEqual(bodyOf(slice), bodyOf(segments).subarray(start, end));
      assert.equal(sendingLength(slice), bodyOf(slice).length);
    }),
  );
});

test('a sending survives its JSON', () => {
  fc.assert(
    fc.property(fc.array(segment), (segments) => {
      const sending = { status: 200, headers: { 'content-type': 'text/plain' }, segments };
      assert.deepEqual(decodeSending(encodeSending(sending)), sending);
    }),
  );
});

describe('identity', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tinsmith-sending-'));
  });
  after(() => rm(folder, { recursive: true }));

  test('the entity tag holds while nothing changes, and changes with size, time and bytes', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'hello');
    await utimes(path, 1000, 1000);
    const first = await fileSegment(path);
    assert.deepEqual(first, { kind: 'file', path, start: 0, length: 5, size: 5, mtimeMs: 1_000_000 });
    assert.equal(etagOf([first]), etagOf([await fileSegment(path)]));
    assert.match(etagOf([first]), /^"[\w-]{27}"$/);
    const bytes: Segment = { kind: 'bytes', bytes: Buffer.from('x') };
    const tags = new Set([
      etagOf([first]),
      etagOf([first, bytes]),
      etagOf([bytes, first]),
      etagOf([first, { kind: 'bytes', bytes: Buffer.from('y') }]),
      etagOf([{ ...first, length: 4 }]),
      etagOf([]),
    ]);
    await utimes(path, 1001, 1001);
    tags.add(etagOf([await fileSegment(path)]));
    await writeFile(path, 'hello!');
    await utimes(path, 1000, 1000);
    tags.add(etagOf([await fileSegment(path)]));
    assert.equal(tags.size, 8);
    assert.equal(lastModifiedOf([bytes, first]), 1_000_000);
    assert.equal(lastModifiedOf([bytes]), undefined);
  });

  test('what is no file is refused by name', async () => {
    for (const path of [join(folder, 'missing'), folder]) {
      await assert.rejects(fileSegment(path), (error: unknown) => {
        assert.ok(error instanceof TinsmithError);
        assert.equal(error.code, 'NOT_FOUND');
        assert.ok(error.message.includes(path));
        return true;
      });
    }
  });
});

describe('answer', () => {
  const file: Segment = { kind: 'file', path: '/f', start: 0, length: 100, size: 500, mtimeMs: 1_700_000_000_123 };
  const sending = {
    status: 200,
    headers: { 'content-type': 'application/x-test' },
    segments: [file, { kind: 'bytes', bytes: Buffer.from('tail') } satisfies Segment],
  };
  const etag = etagOf(sending.segments);

  test('the whole', () => {
    const whole = answer('GET', {}, sending);
    assert.equal(whole.status, 200);
    assert.deepEqual(whole.headers, {
      'content-type': 'application/x-test',
      'content-length': '104',
      'accept-ranges': 'bytes',
      'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
      etag,
    });
    assert.deepEqual(whole.segments, sending.segments);
  });

  test('HEAD has the same head and no body, and ignores Range', () => {
    const head = answer('HEAD', { range: 'bytes=0-1' }, sending);
    assert.deepEqual(head, { ...answer('GET', {}, sending), segments: [] });
  });

  test('one range across two segments', () => {
    const part = answer('GET', { range: 'bytes=99-101' }, sending);
    assert.equal(part.status, 206);
    assert.equal(part.headers['content-range'], 'bytes 99-101/104');
    assert.equal(part.headers['content-length'], '3');
    assert.equal(part.range, 'bytes=99-101');
    assert.deepEqual(bodyOf(part.segments), Buffer.concat([FILE.subarray(99, 100), Buffer.from('ta')]));
  });

  test('several ranges are multipart, with the length announced', () => {
    const parts = answer('GET', { range: 'bytes=0-1,-2' }, sending);
    assert.equal(parts.status, 206);
    const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(parts.headers['content-type'] ?? '')?.[1];
    const body = bodyOf(parts.segments).toString('latin1');
    assert.equal(parts.headers['content-length'], String(body.length));
    assert.equal(
      body,
      `--${boundary}\r\ncontent-type: application/x-test\r\ncontent-range: bytes 0-1/104\r\n\r\n\u0000\u0001\r\n` +
        `--${boundary}\r\ncontent-type: application/x-test\r\ncontent-range: bytes 102-103/104\r\n\r\nil\r\n--${boundary}--\r\n`,
    );
  });

  test('a range of another version gives the whole', () => {
    assert.equal(answer('GET', { range: 'bytes=0-1', 'if-range': '"other"' }, sending).status, 200);
    assert.equal(answer('GET', { range: 'bytes=0-1', 'if-range': etag }, sending).status, 206);
  });

  test('416, 304 and 412 have no body', () => {
    const beyond = answer('GET', { range: 'bytes=104-' }, sending);
    assert.deepEqual([beyond.status, beyond.headers['content-range'], beyond.segments], [416, 'bytes */104', []]);
    const same = answer('GET', { 'if-none-match': etag, range: 'bytes=0-1' }, sending);
    assert.deepEqual(
      [same.status, same.headers.etag, same.headers['content-length'], same.segments],
      [304, etag, undefined, []],
    );
    const failed = answer('GET', { 'if-match': '"x"' }, sending);
    assert.deepEqual([failed.status, failed.headers['content-length'], failed.segments], [412, '0', []]);
  });

  test('other statuses and methods know no conditions', () => {
    const request = { range: 'bytes=0-1', 'if-none-match': '*' };
    assert.equal(answer('GET', request, { ...sending, status: 404 }).status, 404);
    assert.equal(answer('POST', request, sending).status, 200);
  });

  test("the route's own tag and time count", () => {
    const own = { ...sending, headers: { etag: '"own"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' } };
    assert.equal(answer('GET', { 'if-none-match': '"own"' }, own).status, 304);
    assert.equal(answer('GET', { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }, own).status, 304);
  });
});
