/** The rules of nftables, as `nft -j list ruleset` writes them (libnftables-json(5)). Pure. */
import { z } from 'zod';
import { type Chain, type Maybe, not, type Packet, type Rule, type Table, type Verdict, whether } from './ruleset.ts';

const expression = z.record(z.string(), z.unknown());
const document = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({
          ...{ family: z.string(), table: z.string(), name: z.string(), type: z.string().optional() },
          ...{ hook: z.string().optional(), prio: z.number().optional(), policy: z.string().optional() },
        })
        .optional(),
      rule: z
        .object({ family: z.string(), table: z.string(), chain: z.string(), expr: z.array(expression) })
        .optional(),
      set: z
        .object({ family: z.string(), table: z.string(), name: z.string(), elem: z.array(z.unknown()).optional() })
        .optional(),
    }),
  ),
});

/** Families whose chains see an IPv4 packet that comes in from a network card. */
const FAMILIES = ['ip', 'inet', 'netdev'];
/** Tables that iptables works with; its own `iptables-save` tells more of them. */
const IPTABLES = ['filter', 'mangle', 'raw', 'security', 'nat'];
const HOOKS = ['ingress', 'prerouting', 'input'];

/**
 * Reads the tables that decide what comes in.
 * @param withoutIptables leaves out the tables that iptables works with
 * @returns undefined where the text is no ruleset
 */
export function readNftables(text: string, withoutIptables: boolean): Table[] | undefined {
  let read: ReturnType<typeof document.safeParse>;
  try {
    read = document.safeParse(JSON.parse(text));
  } catch {
    return undefined;
  }
  if (!read.success) return undefined;
  const tables = new Map<string, Table & { bases: { name: string; order: number }[] }>();
  const sets = new Map<string, unknown[]>();
  for (const { chain, set } of read.data.nftables) {
    if (set) sets.set(`${set.family} ${set.table} ${set.name}`, set.elem ?? []);
    if (!chain || !FAMILIES.includes(chain.family)) continue;
    if (withoutIptables && chain.family === 'ip' && IPTABLES.includes(chain.table)) continue;
    const key = `${chain.family} ${chain.table}`;
    const table = tables.get(key) ?? { name: key, chains: new Map<string, Chain>(), input: [], bases: [] };
    tables.set(key, table);
    const isBase = chain.type === 'filter' && HOOKS.includes(chain.hook ?? '');
    table.chains.set(chain.name, {
      rules: [],
      policy: isBase ? (chain.policy === 'drop' ? 'drop' : 'accept') : undefined,
    });
    if (isBase)
      table.bases.push({ name: chain.name, order: HOOKS.indexOf(chain.hook ?? '') * 1e6 + (chain.prio ?? 0) });
  }
  for (const { rule } of read.data.nftables) {
    if (!rule) continue;
    const chain = tables.get(`${rule.family} ${rule.table}`)?.chains.get(rule.chain);
    const setOf = (name: string): unknown[] | undefined => sets.get(`${rule.family} ${rule.table} ${name}`);
    chain?.rules.push(...rulesOf(rule.expr, setOf));
  }
  return [...tables.values()].map(({ bases, ...table }) => ({
    ...table,
    input: bases.sort((a, b) => a.order - b.order).map(({ name }) => name),
  }));
}

type SetOf = (name: string) => unknown[] | undefined;

/** Statements that say nothing about whether a rule matches, and end nothing. */
const IDLE = ['counter', 'log', 'limit_log', 'comment', 'meter', 'notrack', 'mangle', 'ct helper', 'flow'];

/** A rule with a verdict map is one rule for each of its entries. */
function rulesOf(expressions: readonly Record<string, unknown>[], setOf: SetOf): Rule[] {
  const matches: Rule['matches'] = [];
  const rules: Rule[] = [];
  const text = JSON.stringify(expressions);
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
  for (const one of expressions) {
    const [kind = ''] = Object.keys(one);
    const value = one[kind];
    const verdict = verdictOf(kind, value);
    if (verdict) rules.push({ matches: [...matches], verdict, text: shown });
    else if (kind === 'match') matches.push(matchOf(value, setOf));
    else if (kind === 'vmap') {
      const { key, data } = record(value);
      const entries = record(data).set ?? (typeof data === 'string' ? setOf(data.replace(/^@/, '')) : undefined);
      for (const entry of Array.isArray(entries) ? entries : [])
        if (Array.isArray(entry)) {
          const [name, to] = Object.entries(record(entry[1]))[0] ?? ['', undefined];
          const compared = (packet: Packet): Maybe => compare(key, entry[0], packet, setOf);
          rules.push({
            matches: [...matches, compared],
            verdict: verdictOf(name, to) ?? { kind: 'unknown' },
            text: shown,
          });
        }
      if (!Array.isArray(entries)) rules.push({ matches: [...matches], verdict: { kind: 'unknown' }, text: shown });
    } else if (!IDLE.includes(kind)) matches.push(() => 'unknown');
  }
  return rules;
}

function verdictOf(kind: string, value: unknown): Verdict | undefined {
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'continue':
      return { kind };
    case 'reject':
      return { kind: 'drop' };
    case 'queue':
    case 'tproxy':
      return { kind: 'unknown' };
    case 'jump':
    case 'goto':
      return { kind, chain: String(record(value).target) };
    default:
      return undefined;
  }
}

function matchOf(value: unknown, setOf: SetOf): (packet: Packet) => Maybe {
  const { op, left, right } = record(value);
  switch (op) {
    case '==':
    case 'in':
      return (packet) => compare(left, right, packet, setOf);
    case '!=':
      // A rule on TCP's ports does not match a packet of UDP, whatever it compares.
      return (packet) => (isOther(left, packet) ? 'no' : not(compare(left, right, packet, setOf)));
    default:
      return () => 'unknown';
  }
}

/** Whether what a rule looks at has the value that it names. */
function compare(left: unknown, right: unknown, packet: Packet, setOf: SetOf): Maybe {
  const { meta, payload, ct } = record(left);
  const { key } = record(meta);
  const { protocol, field } = record(payload);
  const is = (value: string | number): Maybe => isAmong(value, right, setOf);
  if (key === 'iifname' || key === 'iif') return is(packet.interface);
  if (key === 'l4proto') return is(packet.protocol);
  if (key === 'nfproto') return is('ipv4');
  if (key === 'protocol') return is('ip');
  if (record(ct).key === 'state') return is(packet.state);
  if (protocol === 'ip' && field === 'protocol') return is(packet.protocol);
  if (isOther(left, packet)) return 'no';
  return ['tcp', 'udp', 'th'].includes(String(protocol)) && field === 'dport' ? is(packet.port) : 'unknown';
}

/** Whether a rule looks at a protocol that the packet is not of. */
function isOther(left: unknown, packet: Packet): boolean {
  const { protocol } = record(record(left).payload);
  return typeof protocol === 'string' && !['ip', 'th', 'ether', 'vlan', packet.protocol].includes(protocol);
}

function isAmong(value: string | number, right: unknown, setOf: SetOf): Maybe {
  if (typeof right === 'string' && right.startsWith('@')) {
    const elements = setOf(right.slice(1));
    return elements ? any(elements, (each) => isAmong(value, each, setOf)) : 'unknown';
  }
  if (typeof right === 'string') {
    if (right.endsWith('*')) return whether(String(value).startsWith(right.slice(0, -1)));
    return whether(right === value);
  }
  if (typeof right === 'number') return whether(right === value);
  if (Array.isArray(right)) return any(right, (each) => isAmong(value, each, setOf));
  const { set, range, elem } = record(right);
  if (Array.isArray(set)) return any(set, (each) => isAmong(value, each, setOf));
  if (Array.isArray(range)) {
    const [from, to] = range.map(Number);
    if (typeof value !== 'number' || from === undefined || to === undefined) return 'unknown';
    return whether(value >= from && value <= to);
  }
  return elem === undefined ? 'unknown' : isAmong(value, record(elem).val, setOf);
}

function any(values: readonly unknown[], test: (value: unknown) => Maybe): Maybe {
  const answers = values.map(test);
  return answers.includes('yes') ? 'yes' : answers.includes('unknown') ? 'unknown' : 'no';
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
