/** The rules of iptables, as `iptables-save` writes them (iptables-extensions(8)). Pure. */
import { type Maybe, not, type Packet, type Rule, type Table, type Verdict, whether } from './ruleset.ts';

/** Reads the tables that decide what comes in. */
export function readIptables(text: string): Table[] {
  const tables: Table[] = [];
  let table: Table | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = { name: line.slice(1).trim(), chains: new Map(), input: [] };
      tables.push(table);
    } else if (line.startsWith(':') && table) {
      const [name = '', policy] = line.slice(1).split(' ');
      table.chains.set(name, {
        rules: [],
        policy: policy === 'DROP' ? 'drop' : policy === 'ACCEPT' ? 'accept' : undefined,
      });
      if (name === 'INPUT' || (name === 'PREROUTING' && table.name !== 'nat')) table.input.push(name);
    } else if (line.startsWith('-A ') && table) {
      const [, chain = '', ...words] = wordsOf(line);
      table.chains.get(chain)?.rules.push(ruleOf(words, line));
    }
  }
  return tables.filter(({ name }) => name !== 'nat');
}

/** Flags that say nothing about whether a rule matches. */
const IDLE = new Set(['--comment', '--reject-with', '--log-prefix', '--log-level', '--set-xmark', '--set-mark', '-m']);

function ruleOf(words: readonly string[], text: string): Rule {
  const matches: Rule['matches'] = [];
  let verdict: Verdict = { kind: 'continue' };
  let negated = false;
  for (let at = 0; at < words.length; at++) {
    const flag = words[at] ?? '';
    if (flag === '!') {
      negated = true;
      continue;
    }
    const value = words[at + 1] ?? '';
    const isNot = negated;
    const add = (match: (packet: Packet) => Maybe): void => {
      matches.push(isNot ? (packet) => not(match(packet)) : match);
    };
    negated = false;
    at += 1;
    switch (flag) {
      case '-i':
        add((packet) =>
          whether(value.endsWith('+') ? packet.interface.startsWith(value.slice(0, -1)) : packet.interface === value),
        );
        break;
      case '-p':
        add((packet) =>
          whether(value === 'all' || value === packet.protocol || value === { udp: '17', tcp: '6' }[packet.protocol]),
        );
        break;
      case '--dport':
      case '--dports':
        add((packet) => whether(value.split(',').some((range) => isWithin(packet.port, range))));
        break;
      case '--state':
      case '--ctstate':
        add((packet) => whether(value.toLowerCase().split(',').includes(packet.state)));
        break;
      case '-j':
        verdict = verdictOf(value);
        break;
      case '-g':
        verdict = { kind: 'goto', chain: value };
        break;
      default:
        if (IDLE.has(flag)) break;
        // A flag without a value is followed by another flag.
        if (value.startsWith('-') || value === '!') at -= 1;
        matches.push(() => 'unknown');
    }
  }
  return { matches, verdict, text };
}

function verdictOf(target: string): Verdict {
  switch (target) {
    case 'ACCEPT':
      return { kind: 'accept' };
    case 'DROP':
    case 'REJECT':
      return { kind: 'drop' };
    case 'RETURN':
      return { kind: 'return' };
    case 'LOG':
    case 'NFLOG':
    case 'MARK':
    case 'CONNMARK':
    case 'CT':
    case 'NOTRACK':
    case 'TRACE':
    case 'CHECKSUM':
      return { kind: 'continue' };
    case 'NFQUEUE':
    case 'TPROXY':
    case 'SYNPROXY':
      return { kind: 'unknown' };
    default:
      return { kind: 'jump', chain: target };
  }
}

function isWithin(port: number, range: string): boolean {
  const [from, to = from] = range.split(':').map(Number);
  return from !== undefined && to !== undefined && port >= from && port <= to;
}

/** Splits at spaces; quotation marks hold a comment together. */
function wordsOf(line: string): string[] {
  return (line.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'));
}
