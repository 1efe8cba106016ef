/** Looks again every few minutes who answers DHCP, and says who has come and who has gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Found } from './choice.ts';
import type { Looked, ProbeResult } from './probe.ts';
import { keyOf, type OtherServer } from './server.ts';

/** A server that is there, or was until lately. */
export interface Known {
  server: OtherServer;
  /** ms since 1970 */
  since: number;
  /** Rounds since it last answered. */
  missed: number;
}

/** Rounds without an answer after which a server counts as gone: a packet may be lost, a server be busy once. */
const GONE_AFTER = 2;
/** Servers kept: see `serversOf`. */
const MOST_KNOWN = 128;

/**
 * What one round changes. A server on an interface that could not be asked stays as it was.
 * @param now ms since 1970
 */
export function follow(
  known: readonly Known[],
  { looked, servers }: ProbeResult,
  now: number,
): { known: Known[]; appeared: OtherServer[]; gone: OtherServer[] } {
  const asked = new Set(looked.filter(({ outcome }) => outcome === 'asked').map((each) => each.interface));
  const answered = new Map(servers.map((server) => [keyOf(server), server]));
  const next: Known[] = [];
  const gone: OtherServer[] = [];
  for (const before of known) {
    const key = keyOf(before.server);
    const server = answered.get(key);
    answered.delete(key);
    const missed = before.missed + (asked.has(before.server.interface) ? 1 : 0);
    if (server) next.push({ server, since: before.since, missed: 0 });
    else if (missed >= GONE_AFTER) gone.push(before.server);
    else next.push({ ...before, missed });
  }
  const appeared = [...answered.values()].slice(0, Math.max(0, MOST_KNOWN - next.length));
  for (const server of appeared) next.push({ server, since: now, missed: 0 });
  return { known: next, appeared, gone };
}

export interface WatchOptions {
  probe(options: { onServers?: (servers: OtherServer[]) => void; signal: AbortSignal }): Promise<ProbeResult>;
  /** ms between rounds, about; undefined: only the first. */
  every: number | undefined;
  clock(): number;
  /** Whether servers that were heard settle which mode fits, whoever else answers later. */
  settles(servers: readonly OtherServer[]): boolean;
  /** From 0 to 1, so that several appliances do not ask in step. */
  random(): number;
  appeared(server: OtherServer): void;
  gone(server: OtherServer): void;
  /** Told after each round. */
  ended(): void;
  /** Told when a round could not be made. */
  failed(error: unknown): void;
}

/** The servers that are known, and rounds that go on until it is stopped. */
export interface Watch {
  /** Those there are now, with when each was first heard, ms since 1970. */
  servers(): { server: OtherServer; since: number }[];
  /** What is known of the network now; undefined before the first answer, or the end of the first round. */
  found(): Found | undefined;
  /** What is known as soon as that settles the mode, or else after the first round. Never rejects. */
  first: Promise<Found>;
  stop(): Promise<void>;
}

/** An interface whose cable was not in is asked again after this, ms. */
const CABLE_MS = 30_000;
/** The next round comes at between these parts of the time between two. */
const JITTER = { from: 0.8, width: 0.4 };

export function watchServers(options: WatchOptions): Watch {
  const stopping = new AbortController();
  const { signal } = stopping;
  let known: Known[] = [];
  /** Heard in the round that is under way. */
  let fresh: Known[] = [];
  let looked: readonly Looked[] | undefined;
  const first = Promise.withResolvers<Found>();

  const servers = (): Known[] => {
    const keys = new Set(known.map(({ server }) => keyOf(server)));
    return [...known, ...fresh.filter(({ server }) => !keys.has(keyOf(server)))];
  };
  const found = (): Found | undefined => {
    const now = servers().map(({ server }) => server);
    if (looked === undefined && now.length === 0) return undefined;
    const asked = looked?.flatMap((each) => (each.outcome === 'asked' ? each.interface : [])) ?? [];
    return { servers: now, asked, unasked: looked?.flatMap((each) => whyUnasked(each) ?? []) ?? [] };
  };
  const round = async (): Promise<void> => {
    const result = await options.probe({
      signal,
      onServers(heard) {
        fresh = heard.map((server) => ({ server, since: options.clock(), missed: 0 }));
        const now = options.settles(heard) ? found() : undefined;
        if (now) first.resolve(now);
      },
    });
    const { appeared, gone, ...next } = follow(known, result, options.clock());
    known = next.known;
    looked = result.looked;
    for (const server of appeared) options.appeared(server);
    for (const server of gone) options.gone(server);
    options.ended();
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await round().catch((error: unknown) => {
        if (!signal.aborted) options.failed(error);
      });
      fresh = [];
      first.resolve(found() ?? { servers: [], asked: [], unasked: [] });
      if (options.every === undefined) return;
      const unplugged = looked?.some(({ outcome }) => outcome === 'no-carrier');
      const wait = options.every * (JITTER.from + JITTER.width * options.random());
      await sleep(unplugged ? Math.min(wait, CABLE_MS) : wait, undefined, { signal, ref: false }).catch(() => {});
    }
  };
  const running = run();
  return {
    servers: () => servers().map(({ server, since }) => ({ server, since })),
    found,
    first: first.promise,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function whyUnasked(look: Looked): string | undefined {
  switch (look.outcome) {
    case 'asked':
      return undefined;
    case 'no-carrier':
      return `nothing is plugged into ${look.interface}`;
    case 'failed':
      return look.why.replace(/\.$/, '');
  }
}
