/** What packet filters do with packets of machines: rulesets as the programs write them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { readIptables } from '../../src/doctor/firewall/iptables.ts';
import { readNftables } from '../../src/doctor/firewall/nftables.ts';
import { fateOf, type Packet, type Table } from '../../src/doctor/firewall/ruleset.ts';
import { needTools } from '../peers/dhcp-network.ts';

function packet(what: string): Packet {
  const [on = '', protocol, port, state = 'new'] = what.split(' ');
  assert.ok(protocol === 'udp' || protocol === 'tcp');
  assert.ok(state === 'new' || state === 'established');
  return { interface: on, protocol, port: Number(port), state };
}

const fates = (tables: Table[], ...packets: string[]) =>
  Object.fromEntries(packets.map((what) => [what, fateOf(tables, packet(what)).fate]));

const NFT = `table inet filter {
  set allowed { type inet_service; elements = { 22, 8080 } }
  chain input { type filter hook input priority 0; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lo" accept
    iifname "virbr*" drop
    tcp dport != 22 tcp dport 9000 accept
    meta l4proto udp udp dport { 67, 68-70 } accept
    tcp dport @allowed accept
    iifname vmap { "eth0" : jump lan, "eth1" : drop }
    ip saddr 10.0.0.0/8 udp dport 4011 accept
    reject with icmp type admin-prohibited
  }
  chain lan { udp dport 514 counter accept; return; }
}`;

const IPTABLES = `*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p udp -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:DOCKER - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "it's -j DROP" -j ACCEPT
-A INPUT -i eth0 -p udp -m multiport --dports 67,69 -j ACCEPT
-A INPUT ! -i eth1 -p udp -m udp --dport 1000:2000 -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 8080 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 42113 -j DOCKER
-A INPUT -p udp -m udp --dport 4011 -j LOG --log-prefix "x "
-A DOCKER -i br+ -j RETURN
-A DOCKER -j ACCEPT
COMMIT
`;

describe('iptables', () => {
  it('lets in what its rules say, and does not guess', () => {
    assert.deepEqual(
      fates(
        readIptables(IPTABLES),
        ...['eth0 udp 67', 'eth2 udp 67', 'eth2 udp 1500', 'eth1 udp 1500', 'eth0 tcp 8080', 'eth0 tcp 42113'],
        ...['br0 tcp 42113', 'eth0 udp 4011', 'eth1 udp 40000 established'],
      ),
      {
        ...{
          'eth0 udp 67': 'accepted',
          'eth2 udp 67': 'dropped',
          'eth2 udp 1500': 'accepted',
          'eth1 udp 1500': 'dropped',
        },
        ...{ 'eth0 tcp 8080': 'unknown', 'eth0 tcp 42113': 'accepted', 'br0 tcp 42113': 'dropped' },
        ...{ 'eth0 udp 4011': 'dropped', 'eth1 udp 40000 established': 'accepted' },
      },
    );
    const fate = fateOf(readIptables(IPTABLES), packet('eth0 udp 4011'));
    assert.match(fate.fate === 'dropped' ? fate.by : '', /the policy of chain INPUT in table filter/);
  });

  it('without rules lets everything in', () => {
    assert.deepEqual(fates(readIptables(''), 'eth0 udp 67'), { 'eth0 udp 67': 'accepted' });
    assert.deepEqual(fates(readIptables('*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n'), 'eth0 udp 67'), {
      'eth0 udp 67': 'accepted',
    });
  });
});

describe('nftables', () => {
  /** What `nft` makes of a ruleset, in a namespace of its own. */
  const listed = (ruleset: string): string =>
    execFileSync('unshare', ['-n', 'sh', '-c', 'nft -f - && nft -j list ruleset'], {
      input: ruleset,
      encoding: 'utf8',
    });

  it('lets in what its rules say, and does not guess', () => {
    needTools({ nft: 'nftables' });
    const tables = readNftables(listed(NFT), false);
    assert.ok(tables);
    assert.deepEqual(
      fates(
        tables,
        ...[
          'eth0 udp 67',
          'virbr0 udp 67',
          'eth0 udp 71',
          'eth0 tcp 8080',
          'eth0 udp 514',
          'eth1 udp 514',
          'eth0 udp 4011',
        ],
        ...['eth0 tcp 9000', 'eth0 udp 9000', 'eth1 udp 40000 established', 'eth0 udp 40000'],
      ),
      {
        ...{
          'eth0 udp 67': 'accepted',
          'virbr0 udp 67': 'dropped',
          'eth0 udp 71': 'dropped',
          'eth0 tcp 8080': 'accepted',
        },
        ...{
          'eth0 udp 514': 'accepted',
          'eth1 udp 514': 'dropped',
          'eth0 udp 4011': 'unknown',
          'eth0 tcp 9000': 'accepted',
        },
        ...{ 'eth0 udp 9000': 'dropped', 'eth1 udp 40000 established': 'accepted', 'eth0 udp 40000': 'dropped' },
      },
    );
  });

  it('is left to iptables-save where iptables has made its rules', () => {
    const text = listed('table ip filter { chain INPUT { type filter hook input priority 0; policy drop; }\n}\n');
    assert.deepEqual(fates(readNftables(text, false) ?? [], 'eth0 udp 67'), { 'eth0 udp 67': 'dropped' });
    assert.deepEqual(readNftables(text, true), []);
  });

  it('is not understood where it is something else', () => {
    assert.equal(readNftables('{}', false), undefined);
    assert.equal(readNftables('command not found', false), undefined);
  });

  it('ends where chains jump in a circle', () => {
    const chain = (name: string, to: string) => [
      { chain: { family: 'ip', table: 't', name, ...(name === 'a' && { type: 'filter', hook: 'input', prio: 0 }) } },
      { rule: { family: 'ip', table: 't', chain: name, expr: [{ jump: { target: to } }] } },
    ];
    const text = JSON.stringify({ nftables: [...chain('a', 'b'), ...chain('b', 'a')] });
    assert.deepEqual(fates(readNftables(text, false) ?? [], 'eth0 udp 67'), { 'eth0 udp 67': 'unknown' });
  });
});
