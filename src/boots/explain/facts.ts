/** What `explain` is given and gives; all of it plain data. */
import type { TraceEntry } from '../trace.ts';
import type { StageName } from './stages.ts';

/** What is known beside the trace. Times are ms since 1970. */
export interface ExplainFacts {
  /** The machine's name, or a MAC address that nobody has. */
  who: string;
  macs: readonly string[];
  /** What it would be given now. */
  plan: { boot: string; reason: string; sentence: string };
  /** Undefined: nobody knows it. */
  machine: MachineFacts | undefined;
  network: NetworkFacts;
  /** `tinsmith doctor --client` has played it. */
  isPlayed?: boolean | undefined;
}

export interface MachineFacts {
  /** When its worker was heard last. */
  workerAt?: number | undefined;
  installed?: { at: number; disks: readonly string[]; heardAt?: number | undefined } | undefined;
  /** Why nothing is begun on it; without an end. */
  halt?: { why: string; sentence: string; at: number } | undefined;
  locked?: boolean | undefined;
  /** What its worker was told to do with the machine: it should be back after that. */
  restarts?: { verb: 'reboot' | 'poweroff' | 'kexec'; workflow: string } | undefined;
  /** The workflow whose turn it is. */
  workflow?: WorkflowFacts | undefined;
  /** The one that ended last. */
  ended?: { id: string; name: string; state: string; message: string; at: number } | undefined;
  /** Bytes, and whether Secure Boot is on, as its worker has told once. */
  memory?: number | undefined;
  secureBoot?: 'on' | 'off' | 'unknown' | undefined;
  /** The loader that its hardware data names. */
  binary?: string | undefined;
}

export interface WorkflowFacts {
  id: string;
  name: string;
  /** Why it does not move; undefined: it does. */
  waitsFor?: string | undefined;
  paused?: boolean | undefined;
  /** The action under way on this machine. */
  action?: { name: string; since: number } | undefined;
}

/** A part of the appliance: `why` says what is wrong with it. */
export interface RoleFacts {
  state: 'up' | 'failed' | 'off';
  why?: string | undefined;
}

export interface NetworkFacts {
  dhcp: RoleFacts;
  tftp: RoleFacts;
  http: RoleFacts;
  /** `http://ADDRESS:PORT`, as the machine is told to reach us. */
  server: string;
  /** Since when packets are heard. */
  startedAt: number;
  /** When something of machines that nobody knows was not kept, because too many of them came. */
  missedAt?: number | undefined;
}

/**
 * `booted`: it is where it is to be. `under-way`: what comes next may still come. `declined`: it is left alone, and that is
 * decided here. `missing`: something that should have come has not.
 */
export type State = 'booted' | 'under-way' | 'declined' | 'missing';

export interface Explanation {
  state: State;
  /** Stable, for programs. */
  code: string;
  /** One sentence, without its end. */
  sentence: string;
  /** What to do about it. */
  next: string | undefined;
  /** The first link that is missing, or to come, and until when it may: what broke off may be tried again. */
  link: StageName | undefined;
  dueAt: number | undefined;
  /** MAC address and number of the boot that it is about. */
  mac: string | undefined;
  boot: number | undefined;
  /** What it rests on, oldest first. */
  evidence: TraceEntry[];
}

/** What a cause says; the rest is filled in by `explain`. */
export type Said = Pick<Explanation, 'state' | 'code' | 'sentence'> & { next?: string; evidence?: TraceEntry[] };
