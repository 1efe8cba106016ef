/**
 * For connection.test.ts, in a network namespace of its own: starts a server on a loopback of MTU 65536, narrows it to 1400,
 * and fetches a file in windows of blocks that no longer fit. Prints how the transfer went.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fetch, serveLoaders } from './served.ts';

const content = randomBytes(500_000);
const { port, notes, close } = await serveLoaders({ initrd: content });
execFileSync('ip', ['link', 'set', 'lo', 'mtu', '1400']);
assert.ok((await fetch(port, 'initrd', { blksize: 8192, windowsize: 8 })).equals(content));
const { details } = await notes.take(({ outcome }) => outcome === 'completed');
await close();
process.stdout.write(JSON.stringify(details));
