/**
 * Machines that nobody knows, and that tell what they are made of: each is found to be one of ours by another name, or
 * becomes one, as the rules say.
 */
import { type Problem, TinsmithError } from '../../errors.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { EventLog } from '../../store/events.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';
import { type Candidate, type Identified, identify } from '../identity/identify.ts';
import type { LastSeen } from '../last-seen.ts';
import type { Machine, Machines } from '../machines.ts';
import { hardwareOf, macsOf, nameOfMac, ownId } from './found.ts';
import { Inventories } from './inventories.ts';
import { applyRules, type Discovered, type DiscoveryRule, parseRules } from './rules.ts';

/** A machine that nobody knows, as its worker tells of it. */
export interface Seen {
  /** The MAC address that it was booted with, in lower case with colons. */
  mac: string;
  inventory: Inventory;
  /** The kernel's boot id, and the worker's process. */
  boot: string;
  agent?: string | undefined;
}

/** What a new machine begins with. */
export type Start = Pick<Discovered, 'profiles' | 'stage' | 'params'> & Omit<Seen, 'mac'>;

/** `sentence` is for people, without an end. */
export type Outcome = { sentence: string } & (
  | { outcome: 'found' | 'known'; machine: Machine }
  /** Nobody may say which machine it is: nothing was changed. */
  | { outcome: 'conflict' }
);

/** What discovery is made of. */
export interface DiscoveryParts {
  store: Store;
  events: EventLog;
  machines: Machines;
  lastSeen: Pick<LastSeen, 'silentFor'>;
  clock: () => number;
  newId: () => string;
  /** Templates of names: what is wrong with one (undefined: nothing), and what one becomes. */
  names: {
    check: (template: string) => string | undefined;
    render: (template: string, inventory: Inventory) => string;
  };
  lives: {
    /** What a rule names that is not there, or does not fit. */
    problemsOf: (rule: DiscoveryRule) => Problem[];
    /** Begins the life of a new machine, in the change that makes it. @throws TinsmithError where that cannot be */
    begin: (transaction: Transaction, machine: string, start: Start) => void;
  };
}

/** A machine whose worker was heard within so many seconds is where that is, and nowhere else. */
const AT_WORK = 90;
/** Conflicts that are known to be told: a worker asks again and again. A hostile sender makes up new ones for ever. */
const TOLD_MAX = 256;
const RULES = 'discovery-rules';

type OpensFor = (transaction: Transaction, machine: Machine) => void;
type Conflict = { sentence: string; machines: Pick<Candidate, 'id' | 'name'>[] };

export class Discovery {
  readonly inventories: Inventories;
  readonly #parts: DiscoveryParts;
  /** The last in the row: they are looked at one after another, or one machine became two. */
  #last: Promise<unknown> = Promise.resolve();
  /** Conflicts that have been told, by MAC address. */
  readonly #told = new Map<string, string>();
  /** Machines that were discovered lately, with their boots, the first one first: until its worker is heard, two may be alike. */
  readonly #lately = new Map<string, { boot: string; at: number }>();

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    this.inventories = new Inventories(parts.store, parts.machines, parts.clock);
  }

  /** The rules, the first of which that fits counts. */
  rules(): DiscoveryRule[] {
    return this.#parts.store.get<DiscoveryRule[]>(RULES) ?? [];
  }

  /** Replaces all rules. @throws TinsmithError INVALID_INPUT with every problem */
  async setRules(input: unknown): Promise<DiscoveryRule[]> {
    const { store, events, names, lives } = this.#parts;
    const rules = parseRules(input, { checkName: names.check });
    const problems = rules.flatMap((rule, i) =>
      lives.problemsOf(rule).map(({ field, message }) => ({ field: `[${i}].${field}`, message })),
    );
    if (problems.length > 0) {
      const told = problems.map(({ field, message }) => `${field} ${message}`).join('; ');
      const next = 'Add what is missing first, or correct the rules; nothing has been changed.';
      throw new TinsmithError('INVALID_INPUT', `The discovery rules are not usable: ${told}.`, { next, problems });
    }
    await store.change((transaction) => {
      transaction.put(RULES, rules);
      events.append(transaction, { kind: 'discovery.rules', data: { rules: rules.length } });
    });
    return rules;
  }

  /**
   * Finds out which machine it is that was seen, or makes one of it, in one change.
   * @param opens called in that change with the machine
   * @throws TinsmithError CONFLICT, INVALID_INPUT: a rule cannot be followed, a name is taken, the machine is locked
   */
  take(seen: Seen, opens: OpensFor): Promise<Outcome> {
    const turn = this.#last.then(() => this.#take(seen, opens));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #take(seen: Seen, opens: OpensFor): Promise<Outcome> {
    const { store, machines } = this.#parts;
    const isKnown = machines.byMac(seen.mac) !== undefined;
    const found: Identified = isKnown
      ? { none: true }
      : identify(await this.inventories.known(), fingerprintOf(seen.inventory));
    const conflict = this.#conflictOf(seen, found);
    if (conflict) {
      await this.#tell(seen.mac, conflict);
      return { outcome: 'conflict', sentence: conflict.sentence };
    }
    const outcome = await store.change((transaction) => {
      const taken = this.#knownIn(transaction, seen, found) ?? this.#make(transaction, seen, found);
      this.inventories.put(transaction, taken.machine.id, seen.inventory);
      opens(transaction, taken.machine);
      return taken;
    });
    this.#told.delete(seen.mac);
    this.#remember(outcome.machine.id, seen.boot);
    return outcome;
  }

  #conflictOf({ boot }: Seen, found: Identified): Conflict | undefined {
    if ('conflict' in found) return { sentence: found.message.replace(/\.$/, ''), machines: found.conflict };
    if (!('match' in found)) return undefined;
    const { machines, lastSeen, clock } = this.#parts;
    const machine = machines.get(found.match);
    if (!machine) return undefined;
    const isAtWork = (elsewhere: string | undefined, silent: number | undefined): silent is number =>
      elsewhere !== boot && silent !== undefined && silent <= AT_WORK;
    const who = `it is machine ${machine.name} by ${found.because.join(' and ')}`;
    const silent = lastSeen.silentFor(found.match);
    if (isAtWork(machines.work(found.match).worker?.boot, silent))
      return { sentence: `${who}, whose worker was heard ${Math.round(silent)} s ago elsewhere`, machines: [machine] };
    const lately = this.#lately.get(found.match);
    const passed = lately && (clock() - lately.at) / 1000;
    if (isAtWork(lately?.boot, passed))
      return { sentence: `${who}, which was discovered ${Math.round(passed)} s ago elsewhere`, machines: [machine] };
    return undefined;
  }

  #remember(machine: string, boot: string): void {
    const now = this.#parts.clock();
    this.#lately.delete(machine);
    this.#lately.set(machine, { boot, at: now });
    for (const [oldest, { at }] of this.#lately) {
      if (now - at <= AT_WORK * 1000) return;
      this.#lately.delete(oldest);
    }
  }

  async #tell(mac: string, { sentence, machines }: Conflict): Promise<void> {
    const { store, events } = this.#parts;
    const told = machines.map(({ id, name }) => ({ id, name }));
    const key = told.map(({ id }) => id).join();
    if (this.#told.get(mac) === key) return;
    if (this.#told.size >= TOLD_MAX) this.#told.clear();
    this.#told.set(mac, key);
    await store.change((transaction) =>
      events.append(transaction, { kind: 'machine.conflict', data: { mac, machines: told, sentence } }),
    );
  }

  /** The machine of ours that it is; the card that it was booted with is one of its own from now on. */
  #knownIn(transaction: Transaction, { mac }: Seen, found: Identified) {
    const { machines } = this.#parts;
    const owner = machines.within(transaction, { mac });
    if (owner) return { outcome: 'known' as const, machine: owner, sentence: `it is machine ${owner.name} by now` };
    const match = 'match' in found ? machines.within(transaction, { id: found.match }) : undefined;
    if (!match || !('match' in found)) return undefined;
    const machine = machines.addInterface(transaction, match, mac);
    const sentence = `it is machine ${machine.name}, by ${found.because.join(' and ')}: ${mac} is one of its cards from now on`;
    return { outcome: 'known' as const, machine, sentence };
  }

  #make(transaction: Transaction, seen: Seen, found: Identified) {
    const { machines, events, newId, names, lives } = this.#parts;
    const { mac, inventory, boot, agent } = seen;
    const given = applyRules(transaction.get<DiscoveryRule[]>(RULES) ?? [], inventory, names.render);
    const own = ownId(inventory);
    const id = own === undefined || machines.within(transaction, { id: own }) ? newId() : own;
    const macs = macsOf(inventory, mac).filter((each) => !machines.within(transaction, { mac: each }));
    const name = given?.name ?? nameOfMac(mac);
    try {
      const machine = machines.add(transaction, hardwareOf(inventory, { id, name, macs }));
      const { profiles = [], stage, params = {} } = given ?? {};
      events.append(transaction, { kind: 'machine.discovered', machine: id, data: { name, mac, rule: given?.rule } });
      lives.begin(transaction, id, { profiles, stage, params, inventory, boot, agent });
      const by = given ? `, by discovery rule [${given.rule}]` : '';
      const near = 'nearest' in found && found.nearest;
      const like = near ? `; it is not ${near.name}, although it has ${near.because.join(' and ')}` : '';
      return { outcome: 'found' as const, machine, sentence: `it is a new machine, ${name}${by}${like}` };
    } catch (error) {
      if (!given || !(error instanceof TinsmithError)) throw error;
      const message = `Discovery rule [${given.rule}] cannot be followed: ${error.message}`;
      const next = 'Correct the rules: tinsmith discovery rules get, and set.';
      throw new TinsmithError('CONFLICT', message, { next, problems: error.problems, cause: error });
    }
  }
}
