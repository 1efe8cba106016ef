/**
 * The subnets that are served: kept in the store, checked against each other, and changed while the appliance runs. What
 * is refused changes nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import { addressNumber } from '../../addresses.ts';
import { type Problem, TinsmithError } from '../../errors.ts';
import type { Machines } from '../../machines/machines.ts';
import { TOLD_LIMIT } from '../../problems.ts';
import type { EventLog, Store, Transaction } from '../../store/index.ts';
import type { CameIn, Network, NetworkOf } from '../dhcp/network.ts';
import { contains } from './addresses.ts';
import { type PathProblem, problemsBetween } from './check.ts';
import { subnetOf } from './match.ts';
import { type Parsed, parsed } from './parsed.ts';
import { patched, type Read, readSubnet } from './reading.ts';
import { networkFor } from './served.ts';
import type { Subnet } from './subnet.ts';
import {
  type OwnInterface,
  type Reservation,
  reservationsOf,
  type Served,
  warningAt,
  warningsAbout,
  warningsBeside,
} from './warnings.ts';

/** A subnet with when it was made. ms since 1970 */
export interface SubnetRecord {
  subnet: Subnet;
  createdAt: number;
  updatedAt: number;
}

/** What came of putting a subnet. */
export interface Put {
  record: SubnetRecord;
  /** What it was before; undefined: there was none. */
  before: SubnetRecord | undefined;
  /** What stood in it and nothing is done with. */
  unsupported: readonly string[];
  warnings: string[];
}

/** A problem with one of several inputs. */
export type InputProblem = PathProblem & { index: number };

/** Every packet is compared with all of them. */
const MOST_SUBNETS = 1000;
/** Machines that one warning each is given about. */
const WARNED_MAX = 20;
const KEY = 'subnets';
const NEXT = 'Correct the fields named; nothing has been changed.';

interface Kept extends Parsed {
  record: SubnetRecord;
  network: Network;
}

interface Parts {
  store: Store;
  events: EventLog;
  /** ms since 1970 */
  clock: () => number;
  machines: Pick<Machines, 'list'>;
  /** The interfaces that are served. */
  interfaces: readonly OwnInterface[];
}

export class Subnets {
  /** Set once it is known, to be warned of where a subnet needs more. */
  served: Served = { isOn: true, hasBootService: true };
  readonly #parts: Parts;
  /** By name, as on disk. */
  #now: readonly Kept[];

  /** Reads those that are stored. */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.#now = this.#kept(parts.store.get<SubnetRecord[]>(KEY) ?? []);
  }

  /** All of them, by name. */
  list(): SubnetRecord[] {
    return this.#now.map(({ record }) => record);
  }

  find(name: string): SubnetRecord | undefined {
    return this.#now.find(({ subnet }) => subnet.name === name)?.record;
  }

  /** @throws TinsmithError NOT_FOUND */
  get(name: string): SubnetRecord {
    const found = this.find(name);
    if (found) return found;
    throw noSubnet(name);
  }

  /** The network of a request: that of the subnet which it is of, or else what the fallback gives. */
  networkOf(cameIn: CameIn, fallback: NetworkOf = () => undefined): Network | undefined {
    const found = subnetOf(this.#now, cameIn);
    return found ? found.network : fallback(cameIn);
  }

  /** The network of a subnet, by its name. */
  networkNamed(name: string): Network | undefined {
    return this.#now.find(({ subnet }) => subnet.name === name)?.network;
  }

  /** The networks that an address is in, the longest prefix first: a client that renews its lease names no relay. */
  networksAt(address: string): Network[] {
    const number = addressNumber(address);
    const found = this.#now.filter(({ cidr }) => contains(cidr, number));
    return found.toSorted((a, b) => b.cidr.prefix - a.cidr.prefix).map(({ network }) => network);
  }

  /** What is amiss with the addresses that are reserved for a machine; `field address …`. */
  warningsOf(machine: Parameters<typeof reservationsOf>[0]): string[] {
    return reservationsOf(machine).flatMap((each) => {
      const warning = warningAt(each, this.#now, this.#parts.interfaces);
      return warning === undefined ? [] : [`${each.field} ${warning}`];
    });
  }

  /** What is wrong with inputs, in themselves and beside what there is. Nothing is changed. */
  check(inputs: readonly unknown[]): { reads: Read[]; problems: InputProblem[] } {
    return checked(inputs, this.list());
  }

  /**
   * Makes subnets, or replaces those of the same names: all of them or none.
   * @param inputs in our writing or in Digital Rebar's
   * @param allow refuses, by throwing, to change the subnets as they are
   * @throws TinsmithError INVALID_INPUT
   */
  async putAll(
    inputs: readonly unknown[],
    allow: (before: (name: string) => SubnetRecord | undefined) => void = () => {},
  ): Promise<Put[]> {
    const reservations = await this.#reservations();
    return this.#parts.store.change((transaction) => {
      const before = newest(transaction);
      allow((name) => before.find(({ subnet }) => subnet.name === name));
      return this.#put(transaction, inputs, reservations);
    });
  }

  /**
   * Changes some fields of a subnet (RFC 7396): null takes one away.
   * @throws TinsmithError NOT_FOUND, INVALID_INPUT
   */
  async update(name: string, patch: Record<string, unknown>, allow: (before: SubnetRecord) => void): Promise<Put> {
    const reservations = await this.#reservations();
    return this.#parts.store.change((transaction) => {
      const before = newest(transaction).find(({ subnet }) => subnet.name === name);
      if (before === undefined) throw noSubnet(name);
      allow(before);
      const [put] = this.#put(transaction, [{ ...patched(before.subnet, patch), name }], reservations);
      if (put === undefined) throw new TinsmithError('INTERNAL', `Subnet ${name} was not stored.`);
      return put;
    });
  }

  /**
   * @param allow refuses, by throwing, to delete the subnet as it is
   * @throws TinsmithError NOT_FOUND
   */
  async delete(
    name: string,
    allow: (before: SubnetRecord) => void = () => {},
  ): Promise<{ record: SubnetRecord; warnings: string[] }> {
    const reservations = await this.#reservations();
    return this.#parts.store.change((transaction) => {
      const before = newest(transaction);
      const record = before.find(({ subnet }) => subnet.name === name);
      if (record === undefined) throw noSubnet(name);
      allow(record);
      const after = before.filter((each) => each !== record);
      this.#keep(transaction, after);
      this.#tell(transaction, 'subnet.deleted', record.subnet);
      return { record, warnings: this.#left(before, after, reservations) };
    });
  }

  #put(transaction: Transaction, inputs: readonly unknown[], reservations: readonly Reservation[]): Put[] {
    const before = newest(transaction);
    const { reads, problems } = checked(inputs, before);
    refuse(problems, inputs.length);
    const after = new Map(before.map((record) => [record.subnet.name, record]));
    const now = this.#parts.clock();
    const puts = reads.flatMap(({ subnet, unsupported }): Put[] => {
      if (subnet === undefined) return [];
      const old = after.get(subnet.name);
      const warnings = warningsAbout(parsed(subnet), this.#parts.interfaces, this.served);
      if (old && isDeepStrictEqual(old.subnet, subnet)) return [{ record: old, before: old, unsupported, warnings }];
      const record = { subnet, createdAt: old?.createdAt ?? now, updatedAt: now };
      after.set(subnet.name, record);
      this.#tell(transaction, old ? 'subnet.updated' : 'subnet.added', subnet);
      return [{ record, before: old, unsupported, warnings }];
    });
    const records = [...after.values()];
    const all = records.map(({ subnet }) => parsed(subnet));
    for (const { record, warnings } of puts) warnings.push(...warningsBeside(parsed(record.subnet), all));
    if (puts.some(({ record, before: old }) => record !== old)) this.#keep(transaction, records);
    puts.at(-1)?.warnings.push(...this.#left(before, records, reservations));
    return puts;
  }

  #keep(transaction: Transaction, records: readonly SubnetRecord[]): void {
    const sorted = records.toSorted((a, b) => (a.subnet.name < b.subnet.name ? -1 : 1));
    const kept = this.#kept(sorted);
    transaction.put(KEY, sorted);
    transaction.afterwards(() => {
      this.#now = kept;
    });
  }

  #kept(records: readonly SubnetRecord[]): Kept[] {
    const own = this.#parts.interfaces.map(({ address }) => address);
    return records.map((record) => {
      const read = parsed(record.subnet);
      const inside = own.filter((address) => contains(read.cidr, addressNumber(address)));
      return { ...read, record, network: networkFor(read, inside) };
    });
  }

  #tell(transaction: Transaction, kind: string, { name, network, mode }: Subnet): void {
    this.#parts.events.append(transaction, { kind, data: { name, network, mode } });
  }

  async #reservations(): Promise<Reservation[]> {
    return (await this.#parts.machines.list()).flatMap(reservationsOf);
  }

  /** Machines that a change leaves without a network for their addresses. */
  #left(
    before: readonly SubnetRecord[],
    after: readonly SubnetRecord[],
    reservations: readonly Reservation[],
  ): string[] {
    const { interfaces } = this.#parts;
    const was = before.map(({ subnet }) => parsed(subnet));
    const is = after.map(({ subnet }) => parsed(subnet));
    const warnings = reservations.flatMap((each) => {
      const warning = warningAt(each, is, interfaces);
      const isNew = warning !== undefined && warningAt(each, was, interfaces) === undefined;
      return isNew ? [`machine ${each.machine}: ${warning}`] : [];
    });
    const more = warnings.length - WARNED_MAX;
    return more > 0 ? [...warnings.slice(0, WARNED_MAX), `so it is with ${more} more machines`] : warnings;
  }
}

function newest(transaction: Transaction): readonly SubnetRecord[] {
  return transaction.get<SubnetRecord[]>(KEY) ?? [];
}

/** Reads inputs, and compares each with those before it and with what stays of what there is. */
function checked(
  inputs: readonly unknown[],
  before: readonly SubnetRecord[],
): { reads: Read[]; problems: InputProblem[] } {
  const reads = inputs.map(readSubnet);
  const problems = reads.flatMap((read, index) => read.problems.map((each): InputProblem => ({ ...each, index })));
  const named = new Set(reads.flatMap(({ subnet }) => subnet?.name ?? []));
  const others = before.filter(({ subnet }) => !named.has(subnet.name)).map(({ subnet }) => parsed(subnet));
  for (const [index, { subnet }] of reads.entries()) {
    if (subnet === undefined) continue;
    const own = parsed(subnet);
    const same = others.some((other) => other.subnet.name === subnet.name);
    if (same) problems.push({ index, path: ['name'], message: `${subnet.name} is that of another subnet before it` });
    else for (const other of others) problems.push(...problemsBetween(own, other).map((each) => ({ ...each, index })));
    others.push(own);
  }
  if (others.length > MOST_SUBNETS) {
    const message = `there would be ${others.length} subnets, and ${MOST_SUBNETS} is the most: delete some that are not needed`;
    problems.push({ index: inputs.length - 1, path: [], message });
  }
  return { reads, problems };
}

/** @throws TinsmithError INVALID_INPUT with every problem and its field */
function refuse(problems: readonly InputProblem[], count: number): void {
  if (problems.length === 0) return;
  const told: Problem[] = problems.slice(0, TOLD_LIMIT).map(({ index, path, message }) => {
    return { field: fieldOf(count === 1 ? path : [index, ...path]), message };
  });
  const sentence = told.map(({ field, message }) => `${field} ${message}`.trim()).join('; ');
  const what = count === 1 ? 'The subnet is' : 'The subnets are';
  throw new TinsmithError('INVALID_INPUT', `${what} not usable: ${sentence}.`, { next: NEXT, problems: told });
}

function noSubnet(name: string): TinsmithError {
  return new TinsmithError('NOT_FOUND', `There is no subnet ${name}.`, {
    next: 'See which there are: tinsmith subnet list',
  });
}

/** `ranges[0]` of a path. */
export function fieldOf(path: PathProblem['path']): string {
  return path.reduce<string>((field, part) => {
    return typeof part === 'number' ? `${field}[${part}]` : `${field}${field && '.'}${part}`;
  }, '');
}
