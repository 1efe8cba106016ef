/**
 * Asks a network who answers DHCP there, with DISCOVERs of a computer and of firmware (ProxyDHCP servers answer only
 * those). It never takes an address: no REQUEST follows, and a server forgets what it offered.
 *
 * The MAC address asked with is the interface's own. Made-up ones would use up a little of a server's pool each time, be
 * unknown to servers that know their clients, and look like an attack to switches that guard their ports.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import {
  BROADCAST_MAC,
  CLIENT_PORT,
  type ClientSocket,
  discover,
  FIRMWARES,
  openClientSocket,
  readAnswer,
} from '../dhcp-client/index.ts';
import { type Heard, type OtherServer, serversOf } from './server.ts';

/** What became of the question on one interface. */
export type Looked =
  | { interface: string; outcome: 'asked' }
  /** Nobody is at the other end of the cable. */
  | { interface: string; outcome: 'no-carrier' }
  /** It could not be asked, and why. */
  | { interface: string; outcome: 'failed'; why: string };

export interface ProbeResult {
  looked: Looked[];
  servers: OtherServer[];
}

export interface ProbeOptions {
  interfaces: readonly string[];
  /** Whether a server identifier is one of ours. */
  isOwn(address: string): boolean;
  timing?: Timing;
  /** Told of the servers heard so far whenever one more has been. */
  onServers?(servers: OtherServer[]): void;
  signal?: AbortSignal | undefined;
}

/** Times from the beginning, ms: when it is asked, and until when answers are waited for. */
export interface Timing {
  asks: readonly number[];
  until: number;
}

/**
 * dnsmasq looks for 3 s whether an address is in use before it offers it, ISC's server for 1 s; a switch port that has
 * just come up may lose the first question.
 */
const PATIENT: Timing = { asks: [0, 2000], until: 4500 };

/** The firmwares asked as: a ProxyDHCP server may answer one and not the other. */
const ASKED_AS = [undefined, ...FIRMWARES.filter(({ name }) => name === 'bios' || name === 'uefi')];

/** Asks on every interface at once. Takes as long as the timing says; never rejects but when it is aborted. */
export async function probe({
  interfaces,
  isOwn,
  timing = PATIENT,
  onServers,
  signal,
}: ProbeOptions): Promise<ProbeResult> {
  const heard: Heard[] = [];
  let count = 0;
  const looks = interfaces.map((name) =>
    open(name, (one) => {
      if (heard.length >= MOST_ANSWERS) return;
      heard.push(one);
      const servers = serversOf(heard, isOwn);
      if (servers.length > count) onServers?.(servers);
      count = servers.length;
    }),
  );
  try {
    const asking = looks.filter((look) => 'ask' in look);
    if (asking.length > 0) {
      let now = 0;
      for (const at of timing.asks) {
        await sleep(at - now, undefined, { signal });
        now = at;
        for (const look of asking) look.ask(at);
      }
      await sleep(timing.until - now, undefined, { signal });
    }
    return { looked: looks.map(({ looked }) => looked), servers: serversOf(heard, isOwn) };
  } finally {
    for (const look of looks) if ('close' in look) look.close();
  }
}

/** Answers kept of one round. */
const MOST_ANSWERS = 1000;

interface Asking {
  looked: Looked;
  ask(ms: number): void;
  close(): void;
}

function open(name: string, heard: (one: Heard) => void): Asking | { looked: Looked } {
  const byXid = new Map(ASKED_AS.map((firmware) => [randomInt(2 ** 32), firmware]));
  let socket: ClientSocket;
  try {
    socket = openClientSocket(name, (frame) => {
      const answer = readAnswer(frame);
      if (answer !== undefined && byXid.has(answer.xid))
        heard({ interface: name, answer, firmware: byXid.get(answer.xid)?.title });
    });
  } catch (error) {
    return { looked: { interface: name, outcome: 'failed', why: messageOf(error) } };
  }
  const { mac, carrier } = socket.link;
  if (mac === undefined || !carrier) {
    socket.close();
    return { looked: { interface: name, outcome: 'no-carrier' } };
  }
  const looking: Asking = {
    looked: { interface: name, outcome: 'asked' },
    ask(ms) {
      try {
        for (const [xid, firmware] of byXid) {
          const payload = discover({ mac, firmware, xid, secs: Math.floor(ms / 1000) });
          socket.send({
            ...{ sourceMac: mac, destinationMac: BROADCAST_MAC, source: '0.0.0.0', destination: '255.255.255.255' },
            ...{ sourcePort: CLIENT_PORT, destinationPort: 67, payload },
          });
        }
      } catch (error) {
        looking.looked = { interface: name, outcome: 'failed', why: messageOf(error) };
      }
    },
    close: () => socket.close(),
  };
  return looking;
}
