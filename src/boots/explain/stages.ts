/**
 * How far a boot has got, by what is proven: a file counts as loaded once its last byte was acknowledged (TFTP), or sent
 * and taken (HTTP), a worker or an installed system once it was heard. What comes next has a deadline, after which it is
 * the missing link. Pure; the time is passed in.
 */
import type { TraceEntry } from '../trace.ts';
import { isAutoexec, isIpxe, kindOf, startsDisk } from './files.ts';
import { sentWhole } from './whole.ts';

/** In the order in which a boot goes through them. */
export const STAGES = ['address', 'loader', 'script', 'kernel', 'initrd', 'worker', 'system'] as const;
export type StageName = (typeof STAGES)[number];

/** What a boot leads to, as far as it has been told by a script or a loader. */
export type Leads = 'osie' | 'environment' | 'local' | 'script';

/** One stage. */
export interface Stage {
  stage: StageName;
  /**
   * `proven`: seen whole. `implied`: not seen, but a later one is. `under-way`: a transfer has begun. `broken`: the last
   * try came to nothing. `to-come`. `not-needed`: this boot can do without.
   */
  state: 'proven' | 'implied' | 'under-way' | 'broken' | 'to-come' | 'not-needed';
  /** What says so. */
  entry: TraceEntry | undefined;
}

/** The stage that is to come next, and until when, in ms since 1970. */
export interface Awaited {
  stage: StageName;
  since: number;
  dueAt: number;
  broken: TraceEntry | undefined;
}

export interface BootProgress {
  boot: number;
  beganAt: number;
  lastAt: number;
  stages: Stage[];
  /** The last stage that is proven. */
  reached: Stage | undefined;
  leads: Leads | undefined;
  /** Undefined: nothing more has to come. */
  awaited: Awaited | undefined;
}

/** Seconds that each stage may take, from the proof of the one before (the first: from the first packet). */
export const ALLOWED: Readonly<Record<StageName, number>> = {
  address: 60,
  loader: 15,
  script: 60,
  kernel: 60,
  initrd: 300,
  worker: 180,
  system: 600,
};
/** Seconds for what has begun to come: TFTP ends a transfer by itself when its client is silent. */
const TRANSFER = 600;
/** Seconds for another try after one that came to nothing: iPXE makes one after three. */
const ANOTHER_TRY = 20;

/** What is seen of one stage. */
interface Seen {
  proof?: TraceEntry;
  begun?: TraceEntry;
  broken?: TraceEntry;
  /** Shows that the boot has come here, and gives it nothing: a loader’s size was asked for, or what leads to a script. */
  asked?: TraceEntry;
}

/** What an entry says of which stage. */
interface Told {
  stage: StageName;
  how: keyof Seen;
}

/**
 * The progress of one boot.
 * @param entries of that boot, oldest first
 * @param facts.leads what the machine is to boot, where no script of ours says so: GRUB and others read files of their own
 * @param facts.callsHome the system that it boots from its disk is known to call home
 */
export function stagesOf(
  entries: readonly TraceEntry[],
  facts: { leads?: Leads; callsHome?: boolean; allowed?: Readonly<Record<StageName, number>> } = {},
): BootProgress | undefined {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const seen = new Map<StageName, Seen>(STAGES.map((stage) => [stage, {}]));
  entries.forEach((entry, at) => {
    const told = toldBy(entry, () => sentWhole(entries.slice(0, at + 1), entry));
    if (told === undefined) return;
    const { stage, how } = told;
    const one = seen.get(stage) ?? {};
    // A system that goes on with its address has not got on.
    if (entry.reason === 'lease-renewed' && one.proof) return;
    if (how !== 'proof' || !isTransferOf(one.proof, entry)) one[how] = entry;
    // What was tried again, or has come, is not broken any more.
    if (how === 'proof' || how === 'begun') delete one.broken;
    // An address that another computer has is none.
    if (entry.reason === 'address-declined') delete one.proof;
    if (how !== 'begun') delete one.begun;
    seen.set(stage, one);
  });
  const leads = leadsOf(seen, facts.leads);
  const furthest = STAGES.findLastIndex((stage) => seen.get(stage)?.proof !== undefined);
  // What asks for a script runs a loader, whether it was seen to load one or not.
  const provenAt = Math.max(...STAGES.map((stage) => seen.get(stage)?.proof?.time ?? 0));
  const tried = STAGES.findLastIndex((stage) => {
    const { begun, broken, asked } = seen.get(stage) ?? {};
    return Math.max(begun?.time ?? -1, broken?.time ?? -1, asked?.time ?? -1) >= provenAt;
  });
  const stages = STAGES.map((stage, at): Stage => {
    const { proof, begun, broken } = seen.get(stage) ?? {};
    if (proof) return { stage, state: 'proven', entry: proof };
    if (at < Math.max(furthest, tried)) return { stage, state: 'implied', entry: undefined };
    if (begun) return { stage, state: 'under-way', entry: begun };
    if (broken) return { stage, state: 'broken', entry: broken };
    const needed = isNeeded(stage, leads, seen, facts.callsHome ?? false);
    return { stage, state: needed ? 'to-come' : 'not-needed', entry: undefined };
  });
  const progress = { boot: first.boot, beganAt: first.time, lastAt: last.time, stages, leads };
  const reached = stages[furthest];
  return { ...progress, reached, awaited: awaitedOf({ ...progress, reached }, facts.allowed ?? ALLOWED) };
}

/** Whether what is to come next has been waited for too long. */
export function isOverdue({ awaited }: BootProgress, now: number): boolean {
  return awaited !== undefined && now >= awaited.dueAt;
}

/** Undefined: it says nothing of any stage. */
function toldBy(entry: TraceEntry, isWhole: () => boolean): Told | undefined {
  const { role, outcome, reason, what } = entry;
  if ((role === 'tftp' || role === 'http') && outcome === 'completed' && isAutoexec(what))
    return { stage: 'script', how: 'asked' };
  switch (role) {
    case 'dhcp':
      return dhcpTold(entry);
    case 'tftp': {
      const kind = kindOf(what);
      if (kind === 'other' || outcome === 'ignored') return undefined;
      // The transfer that had begun for it is over.
      if (reason === 'size-only') return { stage: kind, how: 'asked' };
      if (outcome === 'answered') return { stage: kind, how: 'begun' };
      if (outcome === 'completed') return { stage: kind, how: 'proof' };
      // A loader asks for its configuration under many names, of which most are not there.
      return kind === 'script' && outcome === 'refused' ? undefined : { stage: kind, how: 'broken' };
    }
    case 'http': {
      const kind = kindOf(what);
      if (kind === 'other') return undefined;
      if (outcome === 'completed' && reason === 'sent' && isWhole()) return { stage: kind, how: 'proof' };
      // Firmware looks at the size of its loader first; what else is looked at may be so by anybody.
      if (outcome === 'completed') return kind === 'loader' ? { stage: kind, how: 'asked' } : undefined;
      return { stage: kind, how: 'broken' };
    }
    case 'script':
      return { stage: 'script', how: outcome === 'answered' ? 'proof' : 'broken' };
    case 'worker':
      return { stage: 'worker', how: outcome === 'completed' ? 'proof' : 'broken' };
    case 'system':
      return { stage: 'system', how: outcome === 'completed' ? 'proof' : 'broken' };
    default:
      return undefined;
  }
}

function dhcpTold({ outcome, reason, what }: TraceEntry): Told | undefined {
  // What was to be given has not left this computer.
  if (outcome === 'failed') return { stage: 'address', how: 'broken' };
  // A REQUEST that names another server, or comes beside it (ProxyDHCP), takes that one's address.
  if (what === 'REQUEST' && (reason === 'other-server' || reason === 'not-firmware' || reason === 'boot-confirmed'))
    return { stage: 'address', how: 'proof' };
  if (outcome === 'answered' && what === 'REQUEST') return { stage: 'address', how: 'proof' };
  if (outcome === 'answered' && what === 'INFORM') return { stage: 'address', how: 'proof' };
  if (what === 'RELEASE' || reason === 'not-firmware' || reason === 'other-server') return undefined;
  if (outcome === 'ignored' || outcome === 'refused' || reason === 'address-declined')
    return { stage: 'address', how: 'broken' };
  return outcome === 'answered' ? { stage: 'address', how: 'begun' } : undefined;
}

/** Whether a script that was made has now been fetched by TFTP: what it leads to is said where it was made. */
function isTransferOf(script: TraceEntry | undefined, { role, what }: TraceEntry): boolean {
  return script?.role === 'script' && role === 'tftp' && script.what === what;
}

function leadsOf(seen: ReadonlyMap<StageName, Seen>, planned: Leads | undefined): Leads | undefined {
  const boot = seen.get('script')?.proof?.details.boot;
  if (boot === 'osie' || boot === 'environment' || boot === 'local' || boot === 'script') return boot;
  const loader = seen.get('loader')?.proof?.what;
  if (loader !== undefined && startsDisk(loader)) return 'local';
  return loader !== undefined && !isIpxe(loader) ? planned : undefined;
}

/** Whether a stage has to come, of which nothing is seen yet. */
function isNeeded(
  stage: StageName,
  leads: Leads | undefined,
  seen: ReadonlyMap<StageName, Seen>,
  callsHome: boolean,
): boolean {
  const script = seen.get('script')?.proof;
  const loader = seen.get('loader')?.proof;
  switch (stage) {
    case 'address':
      return true;
    case 'loader':
      return !beginsAsIpxe(seen);
    case 'script':
      // Loaders that a boot environment brings read what they like.
      return leads === undefined && (loader === undefined || isIpxe(loader.what));
    case 'kernel':
    case 'initrd':
      if (leads === 'osie') return script?.details.service === undefined;
      if (leads === 'environment') return stage === 'kernel' || seen.get('kernel')?.proof === undefined;
      return leads === undefined && stage === 'kernel';
    case 'worker':
      return leads === 'osie' || (leads === undefined && script === undefined && loader === undefined);
    case 'system':
      return leads === 'local' && callsHome;
  }
}

/** A card whose own firmware is iPXE needs no loader. */
function beginsAsIpxe(seen: ReadonlyMap<StageName, Seen>): boolean {
  const { proof, begun, broken } = seen.get('address') ?? {};
  return (proof ?? begun ?? broken)?.details.firmware === 'ipxe';
}

function awaitedOf(
  { stages, reached, beganAt, lastAt }: Pick<BootProgress, 'stages' | 'reached' | 'beganAt' | 'lastAt'>,
  allowed: Readonly<Record<StageName, number>>,
): Awaited | undefined {
  const next = stages.find(({ state }) => state === 'to-come' || state === 'under-way' || state === 'broken');
  if (next === undefined) return undefined;
  const { stage, state, entry } = next;
  // Of a chain of proofs the newest counts: iPXE asks DHCP once more before it asks for its script.
  const proofs = stages.flatMap(({ state: of, entry: proof }) => (of === 'proven' && proof ? [proof.time] : []));
  const since = reached === undefined ? beganAt : Math.max(...proofs);
  switch (state) {
    case 'broken':
      return { stage, since, dueAt: (entry?.time ?? lastAt) + ANOTHER_TRY * 1000, broken: entry };
    case 'under-way':
      if (stage !== 'address')
        return { stage, since, dueAt: (entry?.time ?? lastAt) + TRANSFER * 1000, broken: undefined };
      break;
    default:
  }
  return { stage, since, dueAt: since + allowed[stage] * 1000, broken: undefined };
}
