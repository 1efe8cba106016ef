/**
 * TFTP over a long way: 1 MB at a round trip of 1 ms, of whose datagrams 1 % are lost each way, by udp-relay.c. Almost all
 * of it is waiting, so the servers of a round go at the same time, each over a relay of its own that loses by the same seed.
 */
import { once } from 'node:events';
import { type Fault, type Row, rowOf } from '../report.ts';
import { each, median, type Outcome, ofOurs, takeTurns } from '../turns.ts';
import { CLIENT_ADDRESS, type Field, SERVER_ADDRESS, type Server } from './field.ts';
import { FILES } from './files.ts';
import { fetchFile } from './tftp.ts';
import { TFTP_PEERS, type TftpPeer } from './tftp-peers.ts';

const ROUNDS = 5;
const WINDOWSIZES = [1, 16, 64];
const ONE_WAY_US = 500;
const LOSS_PPM = 10_000;
const TFTP_PORT = 69;
const FIRST_RELAY_PORT = 7000;
const GOAL = 10;

type Way = { seconds: number; lateUs: number };

/** Measures for about two minutes. */
export async function benchTftpLoss(
  field: Field,
  startPeer: (peer: TftpPeer) => Promise<Server>,
  progress: (text: string) => void,
): Promise<Row[]> {
  const load = await field.compiled('tftp-load');
  const relay = await field.compiled('udp-relay');
  const names = Object.keys(TFTP_PEERS) as TftpPeer[];
  const lockStep = new Map<TftpPeer, Outcome<Way>>();
  const rows: Row[] = [];
  for (const windowsize of WINDOWSIZES) {
    const name = `TFTP, 1 MB, round trip 1 ms, 1 % lost each way, windowsize ${windowsize}`;
    progress(name);
    const over = (address: string, index: number) => (_: undefined, round: number) =>
      fetchOver(field, { load, relay, address, windowsize, port: FIRST_RELAY_PORT + index, seed: round + 1 });
    const ours = takeTurns(ROUNDS, [undefined], over(SERVER_ADDRESS, 0));
    const theirs = names.map(async (peer, index): Promise<[TftpPeer, Outcome<Way>]> => {
      const { address, windows } = TFTP_PEERS[peer];
      // It would take as long again, for the same.
      const known = windows ? undefined : lockStep.get(peer);
      if (known) return [peer, known];
      const [outcome = []] = await takeTurns(ROUNDS, [undefined], async (_, round) => {
        await startPeer(peer);
        return over(address, index + 1)(_, round);
      });
      lockStep.set(peer, outcome);
      return [peer, outcome];
    });
    const [first] = await ours;
    const best = bestOf(await Promise.all(theirs));
    rows.push(
      rowOf({
        name,
        ours: ofOurs(first).map(({ seconds }) => seconds),
        peer: best.seconds,
        peerName: best.name,
        unit: 's',
        better: 'less',
        goal: GOAL,
        details: { ...best.all, 'µs that the relay is late': median(ofOurs(first).map(({ lateUs }) => lateUs)) },
      }),
    );
  }
  return rows;
}

type Best = { name: string; seconds: readonly number[] | Fault; all: Record<string, number | string> };

/** The peer that is fastest, and the medians of all. */
function bestOf(outcomes: readonly (readonly [TftpPeer, Outcome<Way>])[]): Best {
  const all = outcomes.map(([name, outcome]) => ({ name, seconds: each(outcome, ({ seconds }) => seconds) }));
  const measured = all.flatMap(({ name, seconds }) => ('fault' in seconds ? [] : [{ name, seconds }]));
  const [best] = measured.toSorted((a, b) => median(a.seconds) - median(b.seconds));
  const told = Object.fromEntries(
    all.map(({ name, seconds }) => [`s, ${name}`, 'fault' in seconds ? seconds.fault : median(seconds)]),
  );
  if (best === undefined) return { name: 'any of them', seconds: { fault: 'none of them works' }, all: told };
  return { ...best, name: `${best.name}, the best of ${all.length}`, all: told };
}

async function fetchOver(
  field: Field,
  {
    load,
    relay,
    address,
    windowsize,
    port,
    seed,
  }: { load: string; relay: string; address: string; windowsize: number; port: number; seed: number },
): Promise<Way> {
  const way = [
    CLIENT_ADDRESS,
    String(port),
    address,
    String(TFTP_PORT),
    String(ONE_WAY_US),
    String(LOSS_PPM),
    String(seed),
  ];
  const child = field.begin(relay, way);
  const closed = once(child, 'close');
  try {
    let said = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    await Promise.race([once(child.stdout ?? child, 'data'), closed]);
    const { seconds } = await fetchFile(field, [load], {
      address: CLIENT_ADDRESS,
      port,
      file: FILES.loader,
      windowsize,
      clients: 1,
    });
    child.kill('SIGTERM');
    await closed;
    return { seconds, lateUs: Number(said.trim().split(' ').at(-1)) };
  } finally {
    child.kill('SIGKILL');
  }
}
