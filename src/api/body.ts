/** A request's body as bytes, up to a limit. */
import type { Request } from 'express';
import { TinsmithError } from '../errors.ts';

/** @throws TinsmithError INVALID_INPUT when there are more bytes than the limit */
export async function readBody(req: Request, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      throw new TinsmithError('INVALID_INPUT', `The body of ${req.method} ${req.path} has more than ${limit} bytes.`, {
        next: 'Send less, or raise the limit: data: {limit: …} in the template, or --data-limit of the appliance.',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
