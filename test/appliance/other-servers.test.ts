/** `tinsmith up` on networks where another DHCP server answers, and where none does. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Status } from '../../src/api/types.ts';
import { needTools } from '../peers/dhcp-network.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { started } from './started.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
/** A cable whose other end is in a namespace of its own, where a program runs that knows it as far0. */
function cableTo(program: string): string {
  const far = [
    'until ip link show far0 > /dev/null 2>&1; do sleep 0.02; done',
    'ip link set far0 up; ip address add 10.77.0.2/24 dev far0',
    `exec ${program}`,
  ].join('; ');
  return [
    'ip link set lo up; ip link add wire0 type veth peer name far0; ip link set far0 address 52:54:00:00:0e:01',
    'ip address add 10.77.0.1/24 dev wire0; ip link set wire0 up',
    `unshare -n sh -c '${far}' > /dev/null 2>&1 & peer=$!`,
    // Until it has a namespace of its own, the cable would be moved to where it is already.
    'until test "$(readlink /proc/$peer/ns/net)" != "$(readlink /proc/self/ns/net)"; do sleep 0.02; done',
    'ip link set far0 netns $peer',
    'until ip link show wire0 | grep -q LOWER_UP; do sleep 0.02; done',
  ].join('; ');
}

/** What the command line shows inside the network namespace of a process. */
function shown<Answer>(pid: number, data: string, ...words: string[]): Answer {
  const inside = [`--net=/proc/${pid}/ns/net`, process.execPath, MAIN, ...words, '--data', data, '--output', 'json'];
  return JSON.parse(execFileSync('nsenter', inside, { encoding: 'utf8' }));
}

/** A DHCP server as the program at the other end of the cable. */
function dnsmasq(leases: string): string {
  return `dnsmasq --no-daemon --conf-file=/dev/null --user=root --port=0 --no-ping --interface=far0 --bind-interfaces --dhcp-range=10.77.0.50,10.77.0.60 --dhcp-leasefile=${leases} --pid-file`;
}

describe('tinsmith up --dhcp pool', () => {
  const POOL = ['--interface', 'wire0', '--dhcp', 'pool', '--range', '10.77.0.100-10.77.0.110'];

  it('does not give addresses where another server does, names that, and starts the rest', async (t) => {
    needTools({ dnsmasq: 'dnsmasq-base' });
    const data = temporaryDirectory(t);
    const namespace = cableTo(dnsmasq(join(temporaryDirectory(t), 'leases')));
    const appliance = await started(t, data, { args: POOL, namespace });
    const { msg } = await appliance.told(({ code }) => code === 'CONFLICT');
    assert.match(
      msg,
      /another DHCP server does that .* 10\.77\.0\.2 \(52:54:00:00:0e:01\) on wire0 gives addresses \(10\.77\.0\.[56]\d/,
    );
    assert.match(msg, /--dhcp proxy.*--beside-other-dhcp on/);
    await appliance.told(({ role, msg: said }) => role === 'provisioner-worker' || said === 'started');
    const { roles } = shown<Status>(appliance.pid, data, 'status');
    const states = Object.fromEntries(roles.map(({ name, state }) => [name, state]));
    assert.deepEqual([states.http, states.tftp, states['dhcp (pool)']], ['up', 'up', 'failed']);
    assert.equal((await appliance.stop()).code, 0);
  });

  it('gives them all the same where that is asked for, and warns', async (t) => {
    needTools({ dnsmasq: 'dnsmasq-base' });
    const data = temporaryDirectory(t);
    const namespace = cableTo(dnsmasq(join(temporaryDirectory(t), 'leases')));
    const args = [...POOL, '--beside-other-dhcp', 'on'];
    const appliance = await started(t, data, { args, namespace });
    await appliance.told(({ role, msg }) => role === 'dhcp (pool)' && msg === 'started');
    const { roles } = shown<Status>(appliance.pid, data, 'status');
    const dhcp = roles.find(({ name }) => name === 'dhcp (pool)');
    assert.deepEqual([dhcp?.state, dhcp?.warning?.code], ['up', 'another-server-gives-addresses']);
    assert.equal((await appliance.stop()).code, 0);
  });

  it('gives them where nobody else does', async (t) => {
    const appliance = await started(t, temporaryDirectory(t), { args: POOL, namespace: cableTo('sleep 600') });
    await appliance.told(({ role, msg }) => role === 'dhcp (pool)' && msg === 'started');
    assert.equal((await appliance.stop()).code, 0);
  });
});

describe('tinsmith up without a mode', () => {
  it('finds the DHCP server of the network, and says what to boot beside it', async (t) => {
    needTools({ dnsmasq: 'dnsmasq-base' });
    const data = temporaryDirectory(t);
    const leases = join(temporaryDirectory(t), 'leases');
    const args = ['--interface', 'wire0', '--dhcp-watch', '0'];
    const appliance = await started(t, data, { args, namespace: cableTo(dnsmasq(leases)) });
    const { msg } = await appliance.told((line) => line.msg.startsWith('another DHCP server'));
    assert.match(
      msg,
      /10\.77\.0\.2 \(52:54:00:00:0e:01\) on wire0 gives addresses \(10\.77\.0\.[56]\d, router 10\.77\.0\.2, for 3600 s\)/,
    );
    await appliance.told(({ role, msg: said }) => role === 'dhcp (proxy)' && said === 'started');
    const status = shown<Status>(appliance.pid, data, 'status');
    const [other] = status.otherServers ?? [];
    assert.deepEqual(
      [other?.address, other?.mac, other?.interface, other?.givesAddresses],
      ['10.77.0.2', '52:54:00:00:0e:01', 'wire0', true],
    );
    assert.equal(
      status.roles.some(({ warning }) => warning),
      false,
    );
    const { data: events } = shown<{ data: { data: { mac: string } }[] }>(
      ...([appliance.pid, data, 'events', 'list', '--kind', 'network.*'] as const),
    );
    assert.deepEqual(
      events.map((event) => event.data.mac),
      ['52:54:00:00:0e:01'],
    );
    const { data: trace } = shown<{ data: { role: string; reason: string }[] }>(
      ...([appliance.pid, data, 'trace', '52:54:00:00:0e:01'] as const),
    );
    assert.deepEqual(
      trace.map(({ role, reason }) => `${role} ${reason}`),
      ['dhcp other-server-appeared'],
    );
    assert.equal((await appliance.stop()).code, 0);
  });

  it('says loudly that nobody gives addresses, and how to give them', async (t) => {
    const data = temporaryDirectory(t);
    const appliance = await started(t, data, {
      args: ['--interface', 'wire0'],
      namespace: cableTo('sleep 600'),
      format: 'pretty',
    });
    const summary = await appliance.when(() => {
      const said = appliance.said.join('\n');
      return said.includes('\nAdd a machine') ? said : undefined;
    });
    assert.match(summary, /^WARNING: NOBODY GIVES ADDRESSES on this network \(wire0\)/m);
    assert.match(summary, /^To give addresses from here: tinsmith up --dhcp pool --range FIRST-LAST/m);
    assert.match(summary, /dhcp \(proxy\) +10\.77\.0\.1:67/);
    const status = shown<Status>(appliance.pid, data, 'status');
    const dhcp = status.roles.find(({ name }) => name === 'dhcp (proxy)');
    assert.equal(dhcp?.warning?.code, 'nobody-gives-addresses');
    assert.deepEqual([status.state, status.otherServers], ['ready', []]);
    assert.equal((await appliance.stop()).code, 0);
  });
});
