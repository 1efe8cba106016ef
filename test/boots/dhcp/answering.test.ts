/** What is done around a decision in pool mode: the disk before the answer, the probe before the offer. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { Answering } from '../../../src/boots/dhcp/answering.ts';
import type { User } from '../../../src/boots/dhcp/conflict-probe.ts';
import type { CameIn } from '../../../src/boots/dhcp/network.ts';
import type { DhcpNote } from '../../../src/boots/dhcp/note.ts';
import { type DhcpPacket, encode } from '../../../src/boots/dhcp/packet.ts';
import { isWithin, LeaseStore } from '../../../src/boots/leases/index.ts';
import { HeldStore } from '../leases/kept.ts';
import { MAC, network, request, requestedAddress, reservation, SERVER, serverIdentifier } from './requests.ts';

const OTHER = '52:54:00:77:00:02';
const FIRST = '10.77.1.0';
const SECOND = '10.77.1.1';
const pool = network('pool', { ranges: [{ first: FIRST, last: '10.77.1.9' }], leaseTime: 600 });
const rack = network('pool', {
  name: 'rack',
  address: '10.88.0.0',
  ranges: [{ first: '10.88.0.10', last: '10.88.0.20' }],
});
const from = { name: 'eth0', address: SERVER, netmask: '255.255.0.0' };
const asking = { address: '0.0.0.0', port: 68 };

describe('answering in pool mode', () => {
  let disk: HeldStore;
  let leases: LeaseStore;
  let probes: { address: string; answer(user: User | undefined): void }[];
  let canProbe: boolean;
  let sent: DhcpPacket[];
  let notes: DhcpNote[];
  let answering: Answering;

  beforeEach(async () => {
    disk = new HeldStore();
    leases = await LeaseStore.open(disk.store, { reservedFor: () => undefined, isOurs: () => false }, () => 1_000_000);
    probes = [];
    canProbe = true;
    sent = [];
    notes = [];
    answering = new Answering(
      {
        interfaces: [from, { name: 'eth1', address: '10.99.0.1', netmask: '255.255.0.0' }],
        networkOf: ({ giaddr }) => (giaddr === undefined ? pool : networkAt(giaddr)),
        networkAt,
        leases,
        probe: (address) => {
          if (!canProbe) return undefined;
          const { promise, resolve } = Promise.withResolvers<User | undefined>();
          probes.push({ address, answer: resolve });
          return promise;
        },
        contextFor: () => ({
          reservation: undefined,
          machineName: undefined,
          declined: false,
          boot: () => ({ answer: 'none', reason: 'none', sentence: 'nothing' }),
        }),
        note: (_mac, made) => void notes.push(made()),
        log: pino({ level: 'silent' }),
      },
      {
        from,
        role: 67,
        ownPort: 67,
        send: (_request, reply) => {
          sent.push(reply.packet);
          return [];
        },
      },
    );
  });

  const networkAt = (address: string) => [pool, rack].find((each) => isWithin(address, each));

  const hear = async (packet: DhcpPacket): Promise<void> => {
    answering.receive(encode(packet, 1472).bytes, asking);
    await settled();
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const select = (address: string, chaddr = MAC) =>
    request('REQUEST', { chaddr }, { ...requestedAddress(address), ...serverIdentifier(SERVER) });
  const addresses = () => sent.map(({ yiaddr }) => yiaddr);
  const reasons = () => notes.map(({ reason }) => reason);

  it('offers a strange address when nobody has answered from it, and asks only once', async () => {
    await hear(request('DISCOVER'));
    assert.deepEqual(addresses(), []);
    probes[0]?.answer(undefined);
    await settled();
    assert.deepEqual(addresses(), [FIRST]);
    await hear(request('DISCOVER'));
    assert.deepEqual([addresses(), probes.length], [[FIRST, FIRST], 1]);
  });

  it('offers another where somebody has, and keeps that one back', async () => {
    await hear(request('DISCOVER'));
    probes[0]?.answer({ mac: OTHER });
    await settled();
    probes[1]?.answer(undefined);
    await settled();
    assert.deepEqual(addresses(), [SECOND]);
    assert.deepEqual(reasons(), ['address-in-use', 'address-offered']);
    assert.match(notes[0]?.sentence ?? '', new RegExp(`^did not offer ${FIRST} to ${MAC}: ${OTHER} uses it`));
    assert.equal(notes[0]?.details.usedBy, OTHER);
    assert.equal(leases.leases.quarantineOf(FIRST)?.usedBy, OTHER);
  });

  it('does not take the client itself for somebody else', async () => {
    await hear(request('DISCOVER'));
    probes[0]?.answer({ mac: MAC });
    await settled();
    assert.deepEqual(addresses(), [FIRST]);
  });

  it('does not go on for ever where every address is in use', async () => {
    await hear(request('DISCOVER'));
    for (let each = 0; each < 20; each++) {
      probes[each]?.answer({ mac: OTHER });
      await settled();
    }
    assert.deepEqual([addresses(), probes.length], [[], 4]);
  });

  it('makes nobody wait for the probe of another, and asks two clients of two addresses', async () => {
    await hear(request('DISCOVER'));
    await hear(request('DISCOVER', { chaddr: OTHER }));
    assert.deepEqual(
      probes.map(({ address }) => address),
      [FIRST, SECOND],
    );
    probes[1]?.answer(undefined);
    await settled();
    assert.deepEqual(addresses(), [SECOND]);
  });

  it('confirms an address when its lease is on the disk, and not before', async () => {
    disk.isHeld = true;
    await hear(select(FIRST));
    assert.deepEqual([addresses(), reasons()], [[], []]);
    disk.write();
    await settled();
    assert.deepEqual([addresses(), reasons()], [[FIRST], ['address-confirmed']]);
  });

  it('confirms nothing where the disk is full, and says why', async () => {
    disk.isHeld = true;
    await hear(select(FIRST));
    disk.fail();
    await settled();
    assert.deepEqual([addresses(), reasons()], [[], ['lease-not-kept']]);
    assert.equal(notes[0]?.sentence, `${FIRST} was not given to ${MAC}: no space left on its disk`);
    disk.isHeld = false;
    await hear(select(FIRST));
    assert.deepEqual(addresses(), [FIRST]);
  });

  it('sends nothing any more once it is closed', async () => {
    disk.isHeld = true;
    await hear(select(FIRST));
    await hear(request('DISCOVER', { chaddr: OTHER }));
    answering.close();
    disk.write();
    probes[0]?.answer(undefined);
    await settled();
    assert.deepEqual([addresses(), reasons()], [[], []]);
  });

  it('takes a renewal that comes past the relay agent for one of the network of its address', async () => {
    canProbe = false;
    const relayed = { giaddr: '10.88.0.1' };
    await hear(request('DISCOVER', relayed));
    await hear(request('REQUEST', relayed, { ...requestedAddress('10.88.0.10'), ...serverIdentifier(SERVER) }));
    await hear(request('REQUEST', { ciaddr: '10.88.0.10' }));
    await hear(request('RELEASE', { ciaddr: '10.88.0.10' }));
    assert.deepEqual(reasons(), ['address-offered', 'address-confirmed', 'lease-renewed', 'address-released']);
    assert.equal(leases.leases.get('10.88.0.10')?.isReleased, true);
  });

  it('refuses the address of a network at another interface: the cable was moved', async () => {
    await hear(request('REQUEST', { ciaddr: '10.99.0.7' }));
    assert.deepEqual(reasons(), ['address-refused']);
  });

  it('names what had no room in the reply', async () => {
    const short = new Answering(
      { ...optionsOf(), leases, networkOf: () => pool },
      { from, role: 67, ownPort: 67, send: () => [119, 200] },
    );
    short.receive(encode(select(FIRST), 1472).bytes, asking);
    await settled();
    assert.equal(notes[0]?.details.leftOut, 'option 119 (domain-search), option 200');
    assert.match(notes[0]?.sentence ?? '', /; no room was left for option 119 \(domain-search\), option 200$/);
  });

  it('gives no machine an address of this computer that is reserved for it', async () => {
    const reserved = { mac: MAC, nameServers: [], timeServers: [], netmask: '255.255.0.0' };
    for (const [address, reason] of [
      [SERVER, 'address-in-use'],
      ['10.77.0.61', 'address-offered'],
    ] as const) {
      const contextFor = () => ({
        ...optionsOf().contextFor(),
        ...{ reservation: { ...reserved, address }, machineName: 'node1' },
      });
      const giving = new Answering(
        { ...optionsOf(), contextFor, networkOf: () => network('reservation') },
        { from, role: 67, ownPort: 67, send: () => [] },
      );
      giving.receive(encode(request('DISCOVER'), 1472).bytes, asking);
      assert.equal(notes.at(-1)?.reason, reason);
    }
  });

  it('notes as failed what could not be sent, with why', async () => {
    const unsent = new Answering(
      { ...optionsOf(), leases, networkOf: () => pool },
      { from, role: 67, ownPort: 67, send: () => ({ code: 'ENETUNREACH', to: '10.88.0.1' }) },
    );
    unsent.receive(encode(select(FIRST), 1472).bytes, asking);
    await settled();
    const { mac, what, outcome, reason, sentence, details } = notes[0] ?? assert.fail('nothing was noted');
    assert.deepEqual([mac, what, outcome, reason], [MAC, 'REQUEST', 'failed', 'not-sent']);
    assert.equal(
      sentence,
      `the answer could not be sent to 10.88.0.1: this computer has no route to it (ENETUNREACH); it was to say: gave ${FIRST} of network lab to the unknown machine ${MAC}`,
    );
    assert.deepEqual([details.reply, details.address, details.error], ['ACK', FIRST, 'ENETUNREACH']);
  });

  function optionsOf() {
    return {
      interfaces: [from],
      contextFor: () => ({
        ...{ reservation: undefined, machineName: undefined, declined: false },
        boot: () => ({ answer: 'none', reason: 'none', sentence: 'nothing' }) as const,
      }),
      note: (_mac: string, made: () => DhcpNote) => void notes.push(made()),
      log: pino({ level: 'silent' }),
    };
  }
});

describe('answering a machine whose reserved address is of the network at one of the interfaces', () => {
  const at = { eth0: from, eth1: { name: 'eth1', address: '10.99.0.1', netmask: '255.255.0.0' } };
  const served = [
    network(),
    network('reservation', { name: 'other', address: '10.99.0.0' }),
    network('reservation', { name: 'rack', address: '10.88.0.0' }),
  ];
  const reasonOf = (packet: DhcpPacket, device: keyof typeof at, address: string): string | undefined => {
    const notes: DhcpNote[] = [];
    const options = {
      interfaces: Object.values(at),
      // As a subnet has it that is known by its relay agent, whatever address that has.
      networkOf: ({ giaddr, interface: { address: own } }: CameIn) =>
        served.find((each) => isWithin(giaddr === '10.255.0.1' ? '10.99.0.1' : (giaddr ?? own), each)),
      contextFor: () => ({
        ...{ reservation: { ...reservation, address }, machineName: 'node1', declined: false },
        boot: () => ({ answer: 'none', reason: 'none', sentence: 'nothing' }) as const,
      }),
      note: (_mac: string, made: () => DhcpNote) => void notes.push(made()),
      log: pino({ level: 'silent' }),
    };
    const answering = new Answering(options, { from: at[device], role: 67, ownPort: 67, send: () => [] });
    answering.receive(encode(packet, 1472).bytes, asking);
    return notes[0]?.reason;
  };
  const relayed = (giaddr: string) => request('DISCOVER', { giaddr });

  it('gives it there, and nowhere else', () => {
    assert.equal(reasonOf(request('DISCOVER'), 'eth1', '10.99.0.60'), 'address-offered');
    assert.equal(reasonOf(request('DISCOVER'), 'eth0', '10.99.0.60'), 'other-network');
    assert.equal(reasonOf(relayed('10.88.0.1'), 'eth1', '10.99.0.60'), 'other-network');
  });

  it('gives it by whatever relay agent its network is known', () => {
    assert.equal(reasonOf(relayed('10.99.0.254'), 'eth0', '10.99.0.60'), 'address-offered');
    assert.equal(reasonOf(relayed('10.255.0.1'), 'eth0', '10.99.0.60'), 'address-offered');
    assert.equal(
      reasonOf(relayed('10.66.0.1'), 'eth0', '10.99.0.60'),
      'address-offered',
      'of no network that is served',
    );
  });

  it('renews it wherever it is in use', () => {
    assert.equal(reasonOf(request('REQUEST', { ciaddr: '10.99.0.60' }), 'eth0', '10.99.0.60'), 'lease-renewed');
  });

  it('gives one of a network at none of them wherever it is asked for', () => {
    assert.equal(reasonOf(request('DISCOVER'), 'eth0', '10.11.0.60'), 'address-offered');
    assert.equal(reasonOf(relayed('10.88.0.1'), 'eth1', '10.88.0.60'), 'address-offered');
  });
});
