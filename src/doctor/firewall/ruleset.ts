/** A packet filter's rules, as far as they decide what comes in, and what they do with a packet. Pure. */

/** Whether something is so; `unknown` where the rule looks at what is not known here. */
export type Maybe = 'yes' | 'no' | 'unknown';

/** A packet from a machine to this computer. */
export interface Packet {
  interface: string;
  protocol: 'udp' | 'tcp';
  /** Port that it is for. */
  port: number;
  /** `established`: an answer to what this computer sent. */
  state: 'new' | 'established';
}

export interface Rule {
  /** Each must be so. */
  matches: ((packet: Packet) => Maybe)[];
  verdict: Verdict;
  /** For people. */
  text: string;
}

export type Verdict =
  | { kind: 'accept' | 'drop' | 'return' | 'continue' | 'unknown' }
  | { kind: 'jump' | 'goto'; chain: string };

export interface Chain {
  rules: Rule[];
  /** Of a chain that the kernel begins with. */
  policy: 'accept' | 'drop' | undefined;
}

/** A table: chains by name. */
export interface Table {
  name: string;
  chains: Map<string, Chain>;
  /** Chains that see what comes in, in the order in which they do. */
  input: string[];
}

export type Fate =
  | { fate: 'accepted' }
  /** By this rule, or the policy of this chain. */
  | { fate: 'dropped'; by: string }
  /** This rule may drop it. */
  | { fate: 'unknown'; because: string };

const DEEPEST = 32;

/** What becomes of a packet: every table has to let it through. */
export function fateOf(tables: readonly Table[], packet: Packet): Fate {
  let unknown: Fate | undefined;
  for (const table of tables)
    for (const name of table.input) {
      const fate = walk(table, name, packet, 0);
      if (fate.fate === 'dropped') return unknown ?? fate;
      if (fate.fate === 'unknown') unknown ??= fate;
    }
  return unknown ?? { fate: 'accepted' };
}

type Walked = Fate | { fate: 'returned' };

/** A rule that may match leaves two ways open; where both end the same, that is what happens. */
function walk(table: Table, name: string, packet: Packet, depth: number): Walked {
  const chain = table.chains.get(name);
  if (chain === undefined || depth > DEEPEST)
    return { fate: 'unknown', because: `chain ${name} in table ${table.name}` };
  const open: { walked: Walked; rule: Rule }[] = [];
  let end: Walked = { fate: 'returned' };
  for (const rule of chain.rules) {
    const matches = matchesOf(rule, packet);
    if (matches === 'no') continue;
    const walked = verdictOf(table, rule, packet, depth);
    if (walked === undefined) continue;
    if (matches === 'yes') {
      end = walked;
      break;
    }
    open.push({ walked, rule });
  }
  if (end.fate === 'returned' && chain.policy !== undefined)
    end =
      chain.policy === 'drop'
        ? { fate: 'dropped', by: `the policy of chain ${name} in table ${table.name}` }
        : { fate: 'accepted' };
  const other = open.find(({ walked }) => walked.fate !== end.fate);
  return other ? { fate: 'unknown', because: `${other.rule.text} in chain ${name} of table ${table.name}` } : end;
}

function matchesOf({ matches }: Rule, packet: Packet): Maybe {
  let all: Maybe = 'yes';
  for (const match of matches) {
    const one = match(packet);
    if (one === 'no') return 'no';
    if (one === 'unknown') all = 'unknown';
  }
  return all;
}

/** What a rule that matches does; undefined: the next is looked at. */
function verdictOf(table: Table, rule: Rule, packet: Packet, depth: number): Walked | undefined {
  const { verdict } = rule;
  switch (verdict.kind) {
    case 'accept':
      return { fate: 'accepted' };
    case 'drop':
      return { fate: 'dropped', by: `${rule.text} in table ${table.name}` };
    case 'return':
      return { fate: 'returned' };
    case 'continue':
      return undefined;
    case 'unknown':
      return { fate: 'unknown', because: `${rule.text} in table ${table.name}` };
    case 'jump': {
      const walked = walk(table, verdict.chain, packet, depth + 1);
      return walked.fate === 'returned' ? undefined : walked;
    }
    case 'goto':
      return walk(table, verdict.chain, packet, depth + 1);
  }
}

/** Turns an answer round, for `!`. */
export function not(answer: Maybe): Maybe {
  switch (answer) {
    case 'yes':
      return 'no';
    case 'no':
      return 'yes';
    case 'unknown':
      return 'unknown';
  }
}

/** `yes` or `no`. */
export function whether(condition: boolean): Maybe {
  return condition ? 'yes' : 'no';
}
