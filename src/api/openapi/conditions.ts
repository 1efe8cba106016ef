/** ETags of records, and the preconditions of requests about them (RFC 9110 section 13). */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { TinsmithError } from '../../errors.ts';
import { conditional } from '../../http/files/index.ts';

/**
 * The version of a record as it is stored. What is told beside it and changes by the second (when a worker was last
 * heard, what a workflow waits for) has no part in it: whoever changes a record means the record.
 */
export function etagOf(record: object): string {
  return `"${createHash('sha256').update(JSON.stringify(record)).digest('base64url').slice(0, 22)}"`;
}

/** The preconditions of one request, and the ETag of its answer. */
export class Conditions {
  readonly #req: Request;
  readonly #res: Response;

  constructor(req: Request, res: Response) {
    this.#req = req;
    this.#res = res;
  }

  /** The answer shows this record. */
  shows(record: object): void {
    this.#res.set('etag', etagOf(record));
  }

  /** Whether the client has already what the answer shows. */
  get isKnown(): boolean {
    const etag = this.#res.get('etag');
    return etag !== undefined && conditional(this.#req.headers, etag, undefined) === 'not-modified';
  }

  /**
   * Refuses a change to a record that is not the one the client has seen. To be called where nothing can come between
   * it and the change.
   * @throws TinsmithError PRECONDITION_FAILED
   */
  readonly allow = (record: object): void => {
    const { 'if-match': wanted } = this.#req.headers;
    if (wanted === undefined) return;
    const etag = etagOf(record);
    if (conditional({ 'if-match': wanted }, etag, undefined) !== 'failed') return;
    throw new TinsmithError('PRECONDITION_FAILED', `It has changed since: it is ${etag} now, not ${wanted}.`, {
      next: 'Get it again, and make the change to what it is now.',
    });
  };
}
