/**
 * TFTP at block size 1468: one client that shares one processor with the server, since on two, lock-step is fast or slow by
 * a factor of four, as the scheduler happens to place them; and 200 clients at once, on all processors.
 */
import { TinsmithError } from '../../src/errors.ts';
import { type Row, rowOf } from '../report.ts';
import { ofOurs, takeTurns } from '../turns.ts';
import { type Field, SERVER_ADDRESS, type Server } from './field.ts';
import { FILES, type File } from './files.ts';
import { TFTP_PEERS, type TftpPeer } from './tftp-peers.ts';

export const BLKSIZE = 1468;
const PORT = 69;
const ROUNDS = 5;
const CLIENTS = 200;
const ONE_PROCESSOR = '1';
const ALL_PROCESSORS = '0-1023';

/** A server, and where it answers. */
type Running = { server: Server; address: string };

/** One thing that is measured of ours and of one peer. */
type Race = { name: string; windowsize: number; peer: TftpPeer; goal: number };

const ONE_CLIENT: Race[] = [
  { name: 'TFTP, 64 MB, one client, one processor, windowsize 1', windowsize: 1, peer: 'tftpd-hpa', goal: 0.85 },
  { name: 'TFTP, 64 MB, one client, one processor, windowsize 16', windowsize: 16, peer: 'atftpd', goal: 1 },
  { name: 'TFTP, 64 MB, one client, one processor, windowsize 64', windowsize: 64, peer: 'atftpd', goal: 1 },
];
const MANY_CLIENTS: Race = {
  name: `TFTP, ${CLIENTS} clients at once, 1 MB each, windowsize 1`,
  windowsize: 1,
  peer: 'atftpd',
  goal: 1.5,
};

/** Measures for about a minute. @param startPeer rejects with the same error each time where a peer does not start */
export async function benchTftp(
  field: Field,
  ours: Server,
  startPeer: (peer: TftpPeer) => Promise<Server>,
  progress: (text: string) => void,
): Promise<Row[]> {
  const load = await field.compiled('tftp-load');
  const rows: Row[] = [];
  for (const race of ONE_CLIENT) {
    progress(race.name);
    const [first, theirs = []] = await takeTurns(ROUNDS, contestants(ours, startPeer, race), async (contestant) => {
      const { server, address } = await contestant();
      await server.runOn(ONE_PROCESSOR);
      const { bytes, seconds } = await fetchFile(field, ['taskset', '-c', ONE_PROCESSOR, load], {
        address,
        file: FILES.large,
        windowsize: race.windowsize,
        clients: 1,
      });
      return bytes / seconds / 1e6;
    });
    const { name, peer: peerName, goal } = race;
    rows.push(rowOf({ name, peerName, goal, ours: ofOurs(first), peer: theirs, unit: 'MB/s', better: 'more' }));
  }
  progress(MANY_CLIENTS.name);
  const { name, peer: peerName, goal, windowsize } = MANY_CLIENTS;
  const [first, theirs = []] = await takeTurns(
    ROUNDS,
    contestants(ours, startPeer, MANY_CLIENTS),
    async (contestant) => {
      const { server, address } = await contestant();
      await server.runOn(ALL_PROCESSORS);
      const file = FILES.loader;
      return (await fetchFile(field, [load], { address, file, windowsize, clients: CLIENTS })).seconds;
    },
  );
  rows.push(rowOf({ name, peerName, goal, ours: ofOurs(first), peer: theirs, unit: 's', better: 'less' }));
  return rows;
}

function contestants(
  ours: Server,
  startPeer: (peer: TftpPeer) => Promise<Server>,
  { peer }: Race,
): (() => Promise<Running>)[] {
  return [
    async () => ({ server: ours, address: SERVER_ADDRESS }),
    async () => ({ server: await startPeer(peer), address: TFTP_PEERS[peer].address }),
  ];
}

/** What is fetched, from where, and by how many clients at the same time. */
type Fetch = { address: string; port?: number; file: File; windowsize: number; clients: number };

/** So many clients fetch a file at the same time. @throws TinsmithError UNAVAILABLE where one does not get all of it */
export async function fetchFile(
  field: Field,
  [program = '', ...before]: readonly string[],
  { address, port = PORT, file, windowsize, clients }: Fetch,
): Promise<{ bytes: number; seconds: number }> {
  const asked = [address, String(port), file.name, String(BLKSIZE), String(windowsize), String(clients)];
  const said = await field.run(program, [...before, ...asked]);
  const [bytes = 0, seconds = 0] = said.trim().split(' ').map(Number);
  if (bytes !== file.size * clients) {
    throw new TinsmithError('UNAVAILABLE', `${clients} clients got ${bytes} bytes of ${file.name}`);
  }
  return { bytes, seconds };
}
