/**
 * DHCP, ours against Kea and dnsmasq: the most exchanges of DISCOVER, OFFER, REQUEST and ACK a second of which less than
 * one in a hundred is lost, and what each of them costs the server. Each round begins with servers that know no lease, and with
 * a load at half of the rate, which does not count: how soon a server that has just been started is up to a load is what the
 * row of machines that are powered on together says.
 *
 * perfdhcp and the server share the processors: the rate is what the two reach together, and the server's processor
 * time says how much of that was the server.
 */
import { type Row, rowOf } from '../report.ts';
import { each, ofOurs, takeTurns } from '../turns.ts';
import { startDnsmasqDhcp, startKea } from './dhcp-peers.ts';
import type { Field, Server } from './field.ts';
import { startOurs } from './ours.ts';
import { type Load, offer, storm } from './perfdhcp.ts';

const ROUNDS = 5;
/** Rates that are offered are this many times each other. */
const STEP = 1.06;
const LEAST_RATE = 50;
const MOST_LOST = 0.01;
const LOADS = 10;

const STORM = 3000;

/** `rate` is what it reached in the round before, or else about what it was seen to reach. */
type Contestant = { start: (field: Field) => Promise<Server>; rate: number };

/** The rate rows, and the processor time. */
export async function benchDhcp(field: Field, files: string, progress: (text: string) => void): Promise<Row[]> {
  const contestants: Contestant[] = [
    { start: () => startOurs(field, files), rate: 7000 },
    { start: startKea, rate: 7000 },
    { start: startDnsmasqDhcp, rate: 200 },
  ];
  const [first, kea = [], dnsmasq = []] = await takeTurns(ROUNDS, contestants, async (contestant, round) => {
    const server = await contestant.start(field);
    progress(`DHCP exchanges of ${server.name}, round ${round + 1} of ${ROUNDS}`);
    try {
      await offer(field, server, Math.round(contestant.rate / 2));
      const most = await findMost(field, server, contestant.rate);
      contestant.rate = most.rate;
      return most;
    } finally {
      await server.stop();
    }
  });
  const ours = ofOurs(first);
  const rate = (load: Load): number => load.rate;
  const cpu = (load: Load): number => load.cpu;
  const exchanges = {
    name: 'DHCP exchanges, less than 1 % lost',
    ours: ours.map(rate),
    unit: '1/s',
    better: 'more',
  } as const;
  return [
    rowOf({ ...exchanges, peer: each(kea, rate), peerName: 'Kea', goal: 1 }),
    rowOf({ ...exchanges, peer: each(dnsmasq, rate), peerName: 'dnsmasq', goal: 30 }),
    rowOf({
      name: 'DHCP processor time of an exchange',
      ours: ours.map(cpu),
      peer: each(kea, cpu),
      peerName: 'Kea',
      unit: 'µs',
      better: 'less',
      goal: 1,
    }),
  ];
}

/** The highest rate at which the server loses few enough. */
async function findMost(field: Field, server: Server, first: number): Promise<Load> {
  let good = 0;
  let bad = Number.POSITIVE_INFINITY;
  let step = Math.max(Math.round(Math.log(first / LEAST_RATE) / Math.log(STEP)), 1);
  let stride = 2;
  let best: Load = { rate: 0, lost: 1, cpu: Number.NaN };
  for (let loads = 0; bad - good > 1 && loads < LOADS; loads++) {
    const load = await offer(field, server, Math.round(LEAST_RATE * STEP ** step));
    if (load.lost < MOST_LOST) {
      if (load.rate > best.rate) best = load;
      good = step;
    } else bad = step;
    if (good > 0 && bad < Number.POSITIVE_INFINITY) step = Math.floor((good + bad) / 2);
    else {
      step = Math.max(good > 0 ? good + stride : bad - stride, 1);
      stride *= 2;
    }
  }
  if (best.rate === 0) throw new Error(`${server.name} loses too much at every rate`);
  return best;
}

/** The row of machines that are powered on together. */
export async function benchStorm(field: Field, files: string, progress: (text: string) => void): Promise<Row[]> {
  const starts = [() => startOurs(field, files), () => startKea(field)];
  const [first, kea = []] = await takeTurns(ROUNDS, starts, async (start, round) => {
    const server = await start();
    progress(`${STORM} machines that ask ${server.name} at once, round ${round + 1} of ${ROUNDS}`);
    try {
      return await storm(field, STORM);
    } finally {
      await server.stop();
    }
  });
  return [
    rowOf({
      name: `DHCP, ${STORM} machines at once, until all have a lease`,
      ours: ofOurs(first),
      peer: kea,
      peerName: 'Kea',
      unit: 's',
      better: 'less',
      goal: 2,
    }),
  ];
}
