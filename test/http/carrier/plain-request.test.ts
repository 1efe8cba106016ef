/** Requests in their plainest form: whatever is taken for one says the same to node:http, and nothing else besides. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type PlainRequest, plainRequest } from '../../../src/http/carrier/plain-request.ts';

const HEAD_MAX = 1024;
const read = (text: string): PlainRequest | undefined => plainRequest(Buffer.from(text, 'latin1'), HEAD_MAX);

/** What node:http makes of bytes: all requests, and whether it then finds the rest to be none. */
async function byNode(text: string): Promise<{ requests: PlainRequest[]; isRefused: boolean }> {
  const requests: PlainRequest[] = [];
  let isRefused = false;
  const server = createServer(async (req, res) => {
    const { method = '', url: target = '', headers } = req;
    const { host = '', authorization = '' } = headers;
    const told: PlainRequest = { method: method as 'GET', target, host, authorization, body: '' };
    requests.push(told);
    told.body = Buffer.concat(await req.toArray()).toString();
    res.end();
  });
  // Whoever sends no more waits for the answers.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('clientError', (_error, socket) => {
    isRefused = true;
    socket.destroy();
  });
  const [client, socket] = duplexPair();
  server.emit('connection', socket);
  client.resume().end(Buffer.from(text, 'latin1'));
  await new Promise((resolve) => socket.once('close', resolve));
  return { requests, isRefused };
}

const post = (headers: string, body = ''): string => `POST /call HTTP/1.1\r\n${headers}\r\n${body}`;

describe('a plain request', () => {
  test('is read', () => {
    assert.deepEqual(read('GET /work?boot=1&agent=a%20b HTTP/1.1\r\nHost: x:80\r\nAuthorization: Bearer t \r\n\r\n'), {
      ...{ method: 'GET', target: '/work?boot=1&agent=a%20b', host: 'x:80', authorization: 'Bearer t', body: '' },
    });
    const body = '{"text":"grün"}';
    const bytes = Buffer.from(
      `POST /a HTTP/1.1\r\nhost:x\r\nX-Other: 1\r\nconnection: Keep-Alive\r\nCONTENT-LENGTH: 16\r\n\r\n${body}`,
    );
    assert.deepEqual(plainRequest(bytes, HEAD_MAX), {
      method: 'POST',
      target: '/a',
      host: 'x',
      authorization: '',
      body,
    });
    assert.equal(read(post('Host: x\r\nContent-Length: 0\r\n'))?.body, '');
  });

  const host = 'Host: x\r\n';
  for (const [what, text] of [
    ['cut short', post(`${host}Content-Length: 3\r\n`, 'ab')],
    ['with more behind it', post(`${host}Content-Length: 3\r\n`, 'abcd')],
    ['without its end', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['with a body and no length', post(host)],
    ['with two lengths', post(`${host}Content-Length: 3\r\nContent-Length: 3\r\n`, 'abc')],
    ['with a list of lengths', post(`${host}Content-Length: 3, 3\r\n`, 'abc')],
    ['with a sign before its length', post(`${host}Content-Length: +3\r\n`, 'abc')],
    ['with a length in hexadecimal', post(`${host}Content-Length: 0x3\r\n`, 'abc')],
    ['in chunks', post(`${host}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n`, 'abc')],
    ['of GET with a length', `GET / HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`],
    ['of another method', `PUT /call HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`],
    ['of another version', `GET / HTTP/1.0\r\n${host}\r\n`],
    ['without a host', 'GET / HTTP/1.1\r\n\r\n'],
    ['with two hosts', `GET / HTTP/1.1\r\n${host}${host}\r\n`],
    ['with two tokens', `GET / HTTP/1.1\r\n${host}Authorization: a\r\nAuthorization: b\r\n\r\n`],
    ['with a blank before the colon', `GET / HTTP/1.1\r\n${host}Expect : 100-continue\r\n\r\n`],
    ['with a folded header', `GET / HTTP/1.1\r\n${host}A: b\r\n c\r\n\r\n`],
    ['with a bare line feed', `GET / HTTP/1.1\n${host}\r\n`],
    ['with a line feed in a header', `GET / HTTP/1.1\r\n${host}A: b\nExpect: x\r\n\r\n`],
    ['with a zero in a header', `GET / HTTP/1.1\r\n${host}A: b\0\r\n\r\n`],
    ['that closes', `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`],
    ['that names headers of its connection', `GET / HTTP/1.1\r\n${host}Connection: keep-alive, host\r\n\r\n`],
    ['that waits to be told to go on', post(`${host}Expect: 100-continue\r\nContent-Length: 0\r\n`)],
    ['that would upgrade', `GET / HTTP/1.1\r\n${host}Upgrade: h2c\r\n\r\n`],
    ['that is packed', post(`${host}Content-Encoding: gzip\r\nContent-Length: 0\r\n`)],
    ['for a proxy', `GET http://y/ HTTP/1.1\r\n${host}\r\n`],
    ['with an empty line first', `\r\nGET / HTTP/1.1\r\n${host}\r\n`],
    ['with too much before its body', `GET / HTTP/1.1\r\n${host}A: ${'b'.repeat(HEAD_MAX)}\r\n\r\n`],
  ] as const)
    test(`is none ${what}`, () => assert.equal(read(text), undefined));

  /** Pieces of requests, good and bad. */
  const piece = fc.constantFrom(
    ...[
      'GET / HTTP/1.1\r\n',
      'POST /call HTTP/1.1\r\n',
      'GET /work?a HTTP/1.1\r\n',
      'POST / HTTP/1.0\r\n',
      'HEAD / HTTP/1.1\r\n',
    ],
    ...[
      'Host: x\r\n',
      'Host:\r\n',
      'Authorization: Bearer t\r\n',
      'authorization:\tu \t\r\n',
      'Content-Length: 0\r\n',
      'Content-Length: 3\r\n',
    ],
    ...[
      'Content-Length: 03 \r\n',
      'content-length: 3,3\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Transfer-Encoding : chunked\r\n',
      'A: b\r\n c\r\n',
    ],
    ...[
      'Connection: keep-alive\r\n',
      'Connection: close\r\n',
      'Connection: upgrade\r\nUpgrade: x\r\n',
      'Accept: */*\r\n',
      'TE: trailers\r\n',
    ],
    ...[
      'X: \u00e4\r\n',
      'X:\u0000\r\n',
      'X: \u0007\r\n',
      'X\r\n',
      ': x\r\n',
      'Keep-Alive: timeout=1\r\n',
      'Proxy-Connection: close\r\n',
      'Trailer: x\r\n',
    ],
    ...['\r\n', '\n', '\r', 'abc', '0\r\n\r\n', '3\r\nabc\r\n', ' ', '\t', ':', '\u00ff', '\u000b'],
  );
  const request = fc.tuple(
    fc.constantFrom('GET /work?a=1 HTTP/1.1\r\nHost: x\r\n', 'POST /call HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n'),
    fc.array(piece, { maxLength: 3 }),
    fc.constantFrom('\r\n', '\r\nabc'),
    fc.array(piece, { maxLength: 1 }),
  );
  const change = fc.record({ at: fc.nat(200), drop: fc.nat(2), put: fc.string({ unit: 'binary', maxLength: 2 }) });

  test('says to node:http what it says here, once, and nothing else', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(request, fc.array(change, { maxLength: 2 }), async ([line, headers, end, more], changes) => {
        let text = [line, ...headers, end, ...more].join('');
        for (const { at, drop, put } of changes) {
          if (put.charCodeAt(0) > 255 || put.charCodeAt(1) > 255) continue;
          text = text.slice(0, at) + put + text.slice(at + drop);
        }
        const ours = read(text);
        if (ours === undefined) return;
        taken++;
        assert.deepEqual(await byNode(text), { requests: [ours], isRefused: false });
      }),
      { numRuns: 3000 },
    );
    assert.ok(taken > 100, `only ${taken} were plain`);
  });
});
