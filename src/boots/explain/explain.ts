/**
 * Why a machine did, or did not, boot: one sentence with the first link that is missing, and what it rests on. Pure: the
 * trace, what is known of the machine and of the network, and the time go in.
 */
import type { TraceEntry } from '../trace.ts';
import { givenNothing, missingAddress } from './address.ts';
import type { ExplainFacts, Explanation, Said } from './facts.ts';
import { missingFile, missingLoader } from './links.ts';
import { neverHeard } from './never-heard.ts';
import { missingScript } from './script.ts';
import { type BootProgress, isOverdue, STAGES, stagesOf } from './stages.ts';
import { timeOf, waitOf, withoutEnd } from './words.ts';
import { atWork, missingWorker } from './work.ts';

/** What the causes are told. */
export interface Case {
  progress: BootProgress;
  /** Of the last boot, and of all that are kept. */
  entries: readonly TraceEntry[];
  all: readonly TraceEntry[];
  facts: ExplainFacts;
  now: number;
}

/** Entries of the trace shown as evidence. */
const EVIDENCE = 12;
/** Cards of a machine that were heard within this belong to one start of it. */
const LATELY_MS = 10 * 60_000;

/** @param all the entries of a machine's MAC addresses, or of one that nobody has, oldest first */
export function explain(all: readonly TraceEntry[], facts: ExplainFacts, now: number): Explanation {
  const entries = lastBoot(all);
  const progress = progressOf(entries, facts);
  if (progress === undefined) {
    const said = atWork(undefined, facts, now) ?? neverHeard(facts);
    return filled(said, undefined, []);
  }
  const told = { progress, entries, all, facts, now };
  return filled(sayOf(told), progress, entries);
}

/** The progress of a machine's last boot, as its plan and its system have it go. */
export function progressOf(entries: readonly TraceEntry[], { plan, machine }: Pick<ExplainFacts, 'plan' | 'machine'>) {
  const leads = plan.boot === 'osie' || plan.boot === 'environment' ? plan.boot : undefined;
  const callsHome = machine?.installed?.heardAt !== undefined;
  return stagesOf(entries, { callsHome, ...(leads && { leads }) });
}

/**
 * The entries of a machine's last boot. Of several cards that were heard lately the one counts that got furthest: the
 * others only asked, or are up in a system that runs. Where one has come to a script and is silent since, and the firmware of
 * another has begun to ask after that, the machine was started again, or goes on to its next boot device: that counts once it
 * is given something, or where nothing was wrong with the first.
 */
export function lastBoot(all: readonly TraceEntry[]): TraceEntry[] {
  const newest = all.at(-1)?.time ?? 0;
  const boots = [...Map.groupBy(all, ({ mac }) => mac).values()].flatMap((own) => {
    const last = own.at(-1);
    if (last === undefined || last.time < newest - LATELY_MS) return [];
    const entries = own.filter(({ boot }) => boot === last.boot);
    const progress = stagesOf(entries);
    const far = progress?.reached === undefined ? -1 : STAGES.indexOf(progress.reached.stage);
    const [first = last] = entries;
    const begins = isOfFirmware(first) ? first.time : undefined;
    return [{ entries, begins, last: last.time, far, isBroken: progress?.awaited?.broken !== undefined }];
  });
  const isOver = ({ far, last, isBroken }: (typeof boots)[number]): boolean =>
    far >= STAGES.indexOf('script') &&
    boots.some((other) => other.begins !== undefined && other.begins > last && (!isBroken || other.far >= 0));
  const counting = boots.filter((boot) => !isOver(boot));
  return counting.sort((a, b) => b.far - a.far || b.last - a.last)[0]?.entries ?? [];
}

/** iPXE asks on all its cards within one boot. */
const isOfFirmware = ({ what, details: { firmware } }: TraceEntry): boolean =>
  what === 'DISCOVER' && (firmware === 'pxe' || firmware === 'http');

function sayOf(told: Case): Said {
  const { progress, facts, now } = told;
  const { reached, awaited } = progress;
  // What it does now says more than how it came there.
  const working = atWork(progress, facts, now);
  if (working) return working;
  if (awaited === undefined) return arrived(told);
  const nothing = awaited.stage === 'loader' ? givenNothing(told) : undefined;
  if (nothing) return nothing;
  if (awaited.broken === undefined && !isOverdue(progress, now)) return underWay(told);
  switch (awaited.stage) {
    case 'address':
      return missingAddress(told);
    case 'loader':
      return missingLoader(told);
    case 'script':
      return missingScript(told);
    case 'kernel':
    case 'initrd':
      return missingFile(told, awaited.stage);
    case 'worker':
      return missingWorker(told);
    case 'system':
      return {
        state: 'missing',
        code: 'system-silent',
        sentence: `was sent to the system on its own disk${reached?.entry ? ` at ${timeOf(reached.entry.time)}` : ''}, which has called home before and has not since`,
        next: 'Look at its console: its disk may not be the first in its boot order, or its system does not come up.',
      };
  }
}

/** Nothing more has to come. */
function arrived({ progress: { leads, stages, lastAt }, facts }: Case): Said {
  const of = (name: string) => stages.find(({ stage }) => stage === name)?.entry;
  const system = of('system');
  if (system)
    return {
      state: 'booted',
      code: 'system-heard',
      sentence: `its installed system called home at ${timeOf(system.time)}`,
    };
  const given = of('script') ?? of('loader');
  const at = timeOf(given?.time ?? lastAt);
  switch (leads) {
    case 'local': {
      const disks = facts.machine?.installed?.disks.join(', ');
      return {
        state: 'booted',
        code: 'local-boot',
        sentence: `was sent to the system on its own disk${disks ? ` (${disks})` : ''} at ${at}; whether that runs is not seen here unless it calls home`,
      };
    }
    case 'script':
      return {
        state: 'booted',
        code: 'own-script',
        sentence: `was given the iPXE script of its hardware data at ${at}; what that boots is not seen here`,
      };
    case 'environment': {
      const files = [of('kernel'), of('initrd')].flatMap((entry) => (entry ? [entry.what] : []));
      const environment = String(given?.details.environment ?? 'its boot environment');
      return {
        state: 'booted',
        code: 'environment-loaded',
        sentence: `loaded ${files.join(' and ') || 'what there is'} of ${environment} whole at ${timeOf(lastAt)}, and runs it now`,
      };
    }
    case 'osie':
    case undefined:
      return { state: 'booted', code: 'loaded', sentence: `loaded all that it was given, at ${timeOf(lastAt)}` };
  }
}

/** What comes next may still come. */
function underWay({ progress: { reached, awaited, beganAt }, now }: Case): Said {
  const since = waitOf(now - (awaited?.since ?? beganAt));
  const next = NEXT[awaited?.stage ?? 'address'];
  const done = reached?.entry
    ? `has ${DONE[reached.stage]}${reached.stage === 'loader' ? ` (${reached.entry.what})` : ''} since ${since}`
    : `has been asking for an address since ${since}`;
  return {
    state: 'under-way',
    code: 'under-way',
    sentence: `is booting: it ${done}; ${next} to come`,
  };
}

const DONE = {
  address: 'an address',
  loader: 'its loader',
  script: 'its script',
  kernel: 'its kernel',
  initrd: 'its initrd',
  worker: 'its worker',
  system: 'its system',
} as const;
const NEXT = {
  address: 'an address is',
  loader: 'its loader is',
  script: 'its script is',
  kernel: 'its kernel is',
  initrd: 'its initrd is',
  worker: 'its worker is',
  system: 'its installed system is',
} as const;

function filled(said: Said, progress: BootProgress | undefined, entries: readonly TraceEntry[]): Explanation {
  const { state, code, next, evidence = entries.slice(-EVIDENCE) } = said;
  // What a template or a client said may have lines.
  const sentence = withoutEnd(said.sentence.replace(/\s+/g, ' '));
  const isOpen = state === 'missing' || state === 'under-way';
  return {
    ...{ state, code, sentence, next, evidence, mac: entries[0]?.mac, boot: progress?.boot },
    link: isOpen ? progress?.awaited?.stage : undefined,
    dueAt: isOpen ? progress?.awaited?.dueAt : undefined,
  };
}
