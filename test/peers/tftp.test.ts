/** TFTP clients we did not write get their files from our server, over a clean link and over one that loses 5 %. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { bootFiles } from '../../src/boots/tftp/index.ts';
import { type Served, serve } from '../boots/tftp/served.ts';
import { startLossyRelay } from './tftp-relay.ts';

const run = promisify(execFile);

const HOST = '127.0.0.1';
const CLIENT_TIMEOUT_MS = 300_000;

/** A program that fetches `file` into `into`, and the Debian package it comes from. */
type Peer = {
  name: string;
  program: string;
  package: string;
  arguments: (port: number, file: string, into: string) => string[];
};

const PEERS: Peer[] = [
  {
    name: 'tftp-hpa',
    program: 'tftp',
    package: 'tftp-hpa',
    arguments: (port, file, into) => ['-m', 'binary', HOST, String(port), '-c', 'get', file, into],
  },
  ...[
    [],
    ['--option', 'blksize 1468', '--option', 'timeout 1'],
    ['--option', 'blksize 1468', '--option', 'windowsize 4', '--option', 'timeout 1'],
    ['--option', 'blksize 1468', '--option', 'windowsize 64', '--option', 'timeout 1'],
  ].map((options) => ({
    name: `atftp ${options.filter((option) => option !== '--option').join(', ')}`,
    program: 'atftp',
    package: 'atftp',
    arguments: (port: number, file: string, into: string) => [
      ...options,
      ...['-g', '-r', file, '-l', into, HOST, String(port)],
    ],
  })),
  ...[[], ['--tftp-no-options'], ['--tftp-blksize', '1468'], ['--tftp-blksize', '65464']].map((options) => ({
    name: `curl ${options.join(' ')}`,
    program: 'curl',
    package: 'curl',
    arguments: (port: number, file: string, into: string) => [
      ...['-s', '-S', ...options, '-o', into],
      `tftp://${HOST}:${port}/${file}`,
    ],
  })),
  ...[[], ['-b', '1468'], ['-b', '65464']].map((options) => ({
    name: `busybox tftp ${options.join(' ')}`,
    program: 'busybox',
    package: 'busybox-static',
    arguments: (port: number, file: string, into: string) => [
      ...['tftp', ...options, '-g', '-r', file, '-l', into],
      HOST,
      String(port),
    ],
  })),
];

/** False, or why a test with this program can not run here. */
function missing(peer: Peer): string | false {
  const isHere = (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, peer.program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return isHere ? false : `Debian's package ${peer.package} is not installed`;
}

const LOADER = randomBytes(100_000);
const MULTIPLE = randomBytes(512 * 40);
const BIG = randomBytes(40_000_000);
/** With dashes, because tftp-hpa takes what stands before a colon for a host. */
const MAC_NAME = '52-54-00-12-34-56/ipxe.efi';

let folder = '';
let served: Served;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tftp-peers-'));
  writeFileSync(join(folder, 'multiple'), MULTIPLE);
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'big'), BIG);
  served = await serve(bootFiles(new Map([['ipxe.efi', LOADER]]), folder));
});

after(async () => {
  await served.close();
  rmSync(folder, { recursive: true });
});

let fetched = 0;

async function fetchWith(peer: Peer, port: number, file: string): Promise<Buffer> {
  const into = join(folder, `fetched-${++fetched}`);
  await run(peer.program, peer.arguments(port, file, into), { timeout: CLIENT_TIMEOUT_MS });
  return readFileSync(into);
}

for (const peer of PEERS) {
  describe(peer.name, { skip: missing(peer) }, () => {
    const files: [string, Buffer][] = [
      ['ipxe.efi', LOADER],
      [MAC_NAME, LOADER],
      ['multiple', MULTIPLE],
    ];
    // curl takes a tsize of 0 in an OACK for an error, and then says something else.
    if (!peer.name.startsWith('curl')) files.push(['empty', Buffer.alloc(0)]);
    for (const [file, content] of files) {
      it(`gets ${file}`, async () => assert.ok((await fetchWith(peer, served.port, file)).equals(content)));
    }

    it('gets 40 MB, which in blocks of 512 goes round after block 65,535', async () => {
      assert.ok((await fetchWith(peer, served.port, 'big')).equals(BIG));
    });

    it('gets its file over a link that loses 5 %', async () => {
      const relay = await startLossyRelay(served.port, 0.05, 11);
      try {
        // In blocks of 65,464 bytes the small one is too few datagrams for a loss.
        const [file, content]: [string, Buffer] = peer.name.endsWith('65464') ? ['big', BIG] : ['ipxe.efi', LOADER];
        assert.ok((await fetchWith(peer, relay.port, file)).equals(content));
        assert.ok(relay.lost() > 0);
      } finally {
        relay.close();
      }
    });

    it('does not get what is not there', async () => {
      const into = join(folder, 'nothing');
      const arguments_ = peer.arguments(served.port, 'nothing-there', into);
      // atftp says it with its exit code as well, curl only with that: 68 is its "file not found".
      const { stdout, stderr } = await run(peer.program, arguments_, { timeout: CLIENT_TIMEOUT_MS }).catch(
        (error) => error,
      );
      assert.match(`${stdout}${stderr}`, /not found|\(68\)/i);
      // busybox may ask a second time before it hears.
      const note = await served.notes.take(({ file, outcome }) => file === 'nothing-there' && outcome !== 'ignored');
      assert.deepEqual([note.outcome, note.reason], ['refused', 'not-found']);
    });
  });
}

/** The part of the package's client used here. */
type Tftp2 = (
  host: string,
  port: number,
) => {
  read(file: string, push: (data: Buffer) => void, done: () => void): Promise<void>;
  close(): void;
};

describe('the client of the tftp2 package', () => {
  // It never resends anything, not even an ACK, so a lossy link is beyond it.
  it('gets ipxe.efi', async () => {
    const tftp2 = createRequire(import.meta.url)('tftp2') as Tftp2;
    const client = tftp2(HOST, served.port);
    const parts: Buffer[] = [];
    await client.read(
      'ipxe.efi',
      (data) => {
        parts.push(data);
      },
      () => undefined,
    );
    client.close();
    assert.ok(Buffer.concat(parts).equals(LOADER));
  });
});
