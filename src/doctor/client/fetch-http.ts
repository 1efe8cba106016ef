/** A boot file over HTTP, without following redirects: firmware does not either. */
import { get } from 'node:http';
import { PLAYED_BY } from '../../boots/played.ts';
import { messageOf } from '../../errors.ts';
import type { Fetched, From } from './fetch.ts';
import { ENOUGH_BYTES } from './program.ts';

/** How much of a file is read: its length is told before. */
const HTTP_BYTES = 64 * 1024;
const HTTP_PATIENCE_MS = 10_000;

/** Never rejects. */
export function fetchHttp(url: string, from: From): Promise<Fetched> {
  const begun = performance.now();
  return new Promise((resolve) => {
    const headers = { 'user-agent': PLAYED_BY };
    const how = { localAddress: from.address, agent: false, timeout: HTTP_PATIENCE_MS, headers };
    const request = get(url, how, (response) => {
      const { statusCode: status = 0, headers } = response;
      const parts: Buffer[] = [];
      let seen = 0;
      const done = (): void => {
        clearTimeout(limit);
        request.destroy();
        if (status === 200) {
          const ms = Math.round(performance.now() - begun);
          const bytes = Number(headers['content-length'] ?? seen);
          const contentType = headers['content-type'];
          resolve({ ok: true, bytes, ms, head: Buffer.concat(parts), ...(contentType && { contentType }) });
        } else fail(`the server answers ${status}${headers.location ? `, a redirect to ${headers.location}` : ''}`);
      };
      response.on('data', (part: Buffer) => {
        if (seen < ENOUGH_BYTES) parts.push(part);
        seen += part.length;
        if (seen >= HTTP_BYTES) done();
      });
      response.on('end', done);
      response.on('error', (error) => fail(error.message));
    });
    const fail = (why: string): void => {
      clearTimeout(limit);
      request.destroy();
      resolve({ ok: false, why });
    };
    const limit = setTimeout(() => fail(`no whole answer within ${HTTP_PATIENCE_MS / 1000} s`), HTTP_PATIENCE_MS);
    request.on('timeout', () => fail('no answer in time'));
    request.on('error', (error) => fail(messageOf(error)));
  });
}
