import type { IncomingMessage } from 'node:http';

/** Bytes of a body that is passed on in one piece. */
export const SMALL = 64 * 1024;

/** A body as one buffer. Streams cost several times as much, for something so short. */
export function collect(stream: IncomingMessage, take: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.once('end', () => take(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
}
