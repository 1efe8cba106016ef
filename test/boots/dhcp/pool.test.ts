import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { BootAnswer, Outcome, ResponderContext } from '../../../src/boots/dhcp/exchange.ts';
import type { Network } from '../../../src/boots/dhcp/network.ts';
import {
  address,
  Option,
  readAddress,
  readAddresses,
  readText,
  readU32,
  u32,
} from '../../../src/boots/dhcp/options.ts';
import type { DhcpPacket } from '../../../src/boots/dhcp/packet.ts';
import { respond } from '../../../src/boots/dhcp/responder.ts';
import { LeaseStore } from '../../../src/boots/leases/index.ts';
import { HeldStore } from '../leases/kept.ts';
import { captured } from './captured.ts';
import {
  aFile,
  alter,
  MAC,
  network,
  request,
  requestedAddress,
  reservation,
  SERVER,
  serverIdentifier,
} from './requests.ts';

const OTHER = '52:54:00:77:00:02';
const THIRD = '52:54:00:77:00:03';
const FIRST = '10.77.1.0';
const SECOND = '10.77.1.1';
const named = serverIdentifier(SERVER);

describe('pool mode', () => {
  let now: number;
  let pool: Network;
  let leases: LeaseStore;
  let reserved: Map<string, string>;

  beforeEach(async () => {
    now = 1_000_000_000_000;
    pool = network('pool', { ranges: [{ first: FIRST, last: SECOND }], leaseTime: 600, routers: ['10.77.0.254'] });
    reserved = new Map();
    leases = await LeaseStore.open(
      new HeldStore().store,
      { reservedFor: (each) => reserved.get(each), isOurs: (each) => each === SERVER },
      () => now,
    );
  });

  /** What becomes of a packet, with what follows for the leases. */
  async function ask(packet: DhcpPacket, changes: Partial<ResponderContext> = {}): Promise<Outcome> {
    const mac = packet.chaddr;
    const outcome = respond(packet, {
      network: pool,
      leases: leases.of(mac, pool),
      reservation: undefined,
      machineName: undefined,
      declined: false,
      port: 67,
      server: { address: SERVER, netmask: '255.255.0.0' },
      boot: () => aFile,
      ...changes,
    });
    const { lease } = outcome;
    if (lease?.change === 'offer') leases.offer(mac, pool, lease.address);
    if (lease?.change === 'keep')
      await leases.keep({ mac, hostname: lease.hostname }, pool, lease.address, lease.seconds);
    if (lease?.change === 'release') await leases.release(mac, lease.address);
    if (lease?.change === 'decline') await leases.decline(mac, pool, lease.address);
    if (lease?.change === 'withdraw') leases.withdraw(mac, pool);
    return outcome;
  }

  const fate = async (packet: DhcpPacket, changes: Partial<ResponderContext> = {}): Promise<string> => {
    const outcome = await ask(packet, changes);
    return outcome.kind === 'reply' && outcome.packet.yiaddr !== '0.0.0.0'
      ? `${outcome.reason} ${outcome.packet.yiaddr}`
      : outcome.reason;
  };
  const discover = (chaddr: string, options = {}) => fate(request('DISCOVER', { chaddr }, options));
  const select = (chaddr: string, wanted: string) =>
    fate(request('REQUEST', { chaddr }, { ...requestedAddress(wanted), ...named }));
  const reboot = (chaddr: string, wanted: string) => fate(request('REQUEST', { chaddr }, requestedAddress(wanted)));
  const renew = (chaddr: string, ciaddr: string) => fate(request('REQUEST', { chaddr, ciaddr }));

  it('gives each client one address, the same again, and none when all are taken', async () => {
    assert.equal(await discover(MAC), `address-offered ${FIRST}`);
    assert.equal(await discover(OTHER), `address-offered ${SECOND}`);
    assert.equal(await discover(THIRD), 'pool-exhausted');
    assert.equal(await select(MAC, FIRST), `address-confirmed ${FIRST}`);
    assert.equal(await discover(MAC), `address-offered ${FIRST}`);
    assert.equal(await select(OTHER, FIRST), 'address-refused');
  });

  it('says who gets what of which network, and that nothing is left', async () => {
    const offered = await ask(request('DISCOVER'));
    assert.equal(offered.sentence, `offered ${FIRST} of network lab to the unknown machine ${MAC}`);
    await discover(OTHER);
    const none = await ask(request('DISCOVER', { chaddr: THIRD }));
    assert.equal(
      none.sentence,
      `no address of network lab is left for the unknown machine ${THIRD} (${FIRST} to ${SECOND})`,
    );
  });

  it('gives what the client wants where that is free', async () => {
    assert.equal(await discover(MAC, requestedAddress(SECOND)), `address-offered ${SECOND}`);
    assert.equal(await discover(OTHER, requestedAddress(SECOND)), `address-offered ${FIRST}`);
  });

  it('gives an address that was never leased before the one whose lease ended first', async () => {
    pool = network('pool', { ranges: [{ first: FIRST, last: '10.77.1.2' }], leaseTime: 600 });
    await select(MAC, FIRST);
    now += 60_000;
    await select(OTHER, SECOND);
    now += 3_600_000;
    assert.equal(await discover(THIRD), 'address-offered 10.77.1.2');
    assert.equal(await discover('52:54:00:77:00:04'), `address-offered ${FIRST}`);
    assert.equal(await discover('52:54:00:77:00:05'), `address-offered ${SECOND}`);
  });

  it('gives an offer that nobody took to somebody else after a minute', async () => {
    await discover(MAC);
    await discover(OTHER);
    now += 61_000;
    assert.match(await discover(THIRD), /^address-offered/);
  });

  it('takes back an offer at once when the client takes that of another server', async () => {
    await discover(MAC);
    await discover(OTHER);
    const elsewhere = request('REQUEST', {}, { ...requestedAddress('10.77.9.9'), ...serverIdentifier('10.77.0.2') });
    assert.equal(await fate(elsewhere), 'other-server');
    assert.equal(await discover(THIRD, requestedAddress(FIRST)), `address-offered ${FIRST}`);
  });

  it('gives a released address to another, but first to the one who had it', async () => {
    await select(MAC, FIRST);
    assert.equal(await fate(request('RELEASE', { ciaddr: FIRST }, named)), 'address-released');
    assert.equal(await discover(MAC), `address-offered ${FIRST}`);
    await fate(request('REQUEST', {}, { ...requestedAddress(FIRST), ...serverIdentifier('10.77.0.2') }));
    await select(OTHER, SECOND);
    assert.equal(await discover(THIRD), `address-offered ${FIRST}`);
  });

  it('renews, and refuses a renewal when the lease has gone to somebody else', async () => {
    await select(MAC, FIRST);
    now += 500_000;
    assert.equal(await renew(MAC, FIRST), `lease-renewed ${FIRST}`);
    now += 500_000;
    assert.equal(await discover(OTHER), `address-offered ${SECOND}`, 'it is renewed');
    now += 3_600_000;
    assert.equal(await select(OTHER, FIRST), `address-confirmed ${FIRST}`);
    assert.equal(await renew(MAC, FIRST), 'address-refused');
    const { sentence } = await ask(request('REQUEST', { ciaddr: FIRST }));
    assert.equal(sentence, `refused ${FIRST} to the unknown machine ${MAC}: it is that of ${OTHER} now`);
  });

  it('confirms after a restart of the client what it had, and refuses what it had elsewhere', async () => {
    await select(MAC, FIRST);
    assert.equal(await reboot(MAC, FIRST), `address-confirmed ${FIRST}`);
    assert.equal(await reboot(OTHER, FIRST), 'address-refused', 'it is somebody else’s');
    assert.equal(await reboot(OTHER, SECOND), 'address-refused', 'nobody has given it that');
    assert.equal(await reboot(OTHER, '192.168.1.7'), 'address-refused', 'it is of another network');
    assert.equal(await reboot(OTHER, '10.77.0.99'), 'not-our-address', 'somebody else may give that');
  });

  it('puts a declined address into quarantine, longer each time', async () => {
    const decline = (chaddr: string, which: string) =>
      fate(request('DECLINE', { chaddr }, { ...requestedAddress(which), ...named }));
    await select(MAC, FIRST);
    assert.equal(await decline(OTHER, FIRST), 'not-our-address');
    assert.equal(await decline(MAC, FIRST), 'address-declined');
    assert.equal(await discover(MAC), `address-offered ${SECOND}`);
    assert.equal(await discover(OTHER), 'pool-exhausted');
    now += 10 * 60_000 + 1;
    assert.equal(await select(MAC, FIRST), `address-confirmed ${FIRST}`);
    assert.equal(await decline(MAC, FIRST), 'address-declined');
    now += 10 * 60_000 + 1;
    assert.equal(await select(MAC, FIRST), 'address-refused');
    now += 10 * 60_000;
    assert.equal(await select(MAC, FIRST), `address-confirmed ${FIRST}`);
  });

  it('has half of its addresses left, whatever is declined by whomever', async () => {
    pool = network('pool', { ranges: [{ first: FIRST, last: '10.77.1.15' }], leaseTime: 600 });
    for (let each = 0; each < 200; each++) {
      const chaddr = `52:54:00:78:00:${(each % 100).toString(16).padStart(2, '0')}`;
      const offered = (await discover(chaddr)).split(' ')[1];
      if (offered !== undefined) await fate(request('DECLINE', { chaddr }, { ...requestedAddress(offered), ...named }));
    }
    assert.ok(leases.leases.quarantined(now).length <= 8);
    const one = await discover(MAC);
    assert.match(one, /^address-offered/);
  });

  it('does not let one client keep more than three addresses back', async () => {
    pool = network('pool', { ranges: [{ first: FIRST, last: '10.77.1.99' }], leaseTime: 600 });
    for (let each = 0; each < 20; each++) {
      const offered = (await discover(MAC)).split(' ')[1] ?? '';
      assert.equal(await fate(request('DECLINE', {}, { ...requestedAddress(offered), ...named })), 'address-declined');
    }
    assert.equal(leases.leases.quarantined(now).length, 3);
  });

  it('gives a machine its reservation, and never that of another', async () => {
    reserved.set(FIRST, MAC);
    const own = { ...reservation, address: FIRST };
    const known = { reservation: own, machineName: 'node1' };
    assert.equal(await discover(OTHER, requestedAddress(FIRST)), `address-offered ${SECOND}`);
    assert.equal(await fate(request('DISCOVER'), known), `address-offered ${FIRST}`);
  });

  it('makes a machine wait for its reservation while another has a lease of that address', async () => {
    await select(OTHER, FIRST);
    reserved.set(FIRST, MAC);
    const known = { reservation: { ...reservation, address: FIRST }, machineName: 'node1' };
    const waits = await ask(request('DISCOVER'), known);
    assert.equal(waits.reason, 'address-in-use');
    assert.equal(waits.sentence, `node1 (${MAC}) gets no address yet: its ${FIRST} is still leased to ${OTHER}`);
    assert.equal(await renew(OTHER, FIRST), 'address-refused');
    assert.equal(
      await fate(request('DISCOVER'), known),
      `address-offered ${FIRST}`,
      'the refusal has ended that lease',
    );
  });

  it('puts the lease that a machine declines into quarantine, though it has a reservation by now', async () => {
    const known = { reservation: { ...reservation, address: SECOND }, machineName: 'node1' };
    const decline = (which: string) => fate(request('DECLINE', {}, { ...requestedAddress(which), ...named }), known);
    await select(MAC, FIRST);
    await select(OTHER, SECOND);
    assert.equal(await decline(FIRST), 'address-declined', 'whoever has what is reserved for it');
    assert.equal(leases.held(FIRST), undefined);
    assert.ok(leases.leases.quarantineOf(FIRST));
    await fate(request('RELEASE', { chaddr: OTHER, ciaddr: SECOND }, named));
    assert.equal(await decline(FIRST), 'not-our-address', 'it has it no longer');
    assert.equal(await fate(request('DISCOVER'), known), `address-offered ${SECOND}`);
    assert.equal(await decline(SECOND), 'address-declined');
    assert.equal(leases.leases.quarantineOf(SECOND), undefined, 'that is not of the range');
  });

  it('gives a known machine without an address one of the range, with its name and name servers', async () => {
    const settings = { hostname: 'node7', nameServers: ['10.77.0.9'] };
    const outcome = await ask(request('DISCOVER'), { machineName: 'node7', settings });
    assert.ok(outcome.kind === 'reply');
    assert.equal(outcome.packet.yiaddr, FIRST);
    assert.equal(readText(outcome.packet.options, Option.HOST_NAME), 'node7');
    assert.deepEqual(readAddresses(outcome.packet.options, Option.DOMAIN_NAME_SERVER), ['10.77.0.9']);
    assert.equal(readAddress(outcome.packet.options, Option.ROUTER), '10.77.0.254');
    assert.equal(readAddress(outcome.packet.options, Option.SUBNET_MASK), '255.255.0.0');
  });

  it('gives a machine that is reserved an address elsewhere one of the range, and says so', async () => {
    const elsewhere = { ...reservation, address: '192.168.5.5' };
    const { sentence } = await ask(request('DISCOVER'), { reservation: elsewhere, machineName: 'node1' });
    assert.match(
      sentence,
      /offered 10\.77\.1\.0 .* to node1 .*; the address 192\.168\.5\.5 reserved for it is of another/,
    );
  });

  it('holds the lease time that is wanted between the limits', async () => {
    const given = async (seconds: number) => {
      const outcome = await ask(request('DISCOVER', {}, { [Option.IP_ADDRESS_LEASE_TIME]: u32(seconds) }));
      assert.ok(outcome.kind === 'reply');
      const { options } = outcome.packet;
      return [Option.IP_ADDRESS_LEASE_TIME, Option.RENEWAL_TIME, Option.REBINDING_TIME].map((code) =>
        readU32(options, code),
      );
    };
    assert.deepEqual(await given(0), [600, 300, 525]);
    assert.deepEqual(await given(1), [60, 30, 52]);
    assert.deepEqual(await given(7200), [7200, 3600, 6300]);
    assert.deepEqual(await given(0xffffffff), [2_592_000, 1_296_000, 2_268_000]);
  });

  it('gives firmware that nobody knows an address, and something to boot only where that is discovered', async () => {
    const firmware = alter(captured('edk2-pxe-discover'), { chaddr: OTHER });
    const ignored: BootAnswer = { answer: 'ignore', reason: 'unknown-machine', sentence: 'no machine has it' };
    const bare = await ask(firmware, { boot: () => ignored });
    assert.ok(bare.kind === 'reply');
    assert.deepEqual([bare.packet.yiaddr, bare.packet.file], [FIRST, '']);
    assert.match(bare.sentence, /; it is given nothing to boot: no machine has it$/);
    const discovered = await ask(firmware, { boot: () => aFile });
    assert.ok(discovered.kind === 'reply');
    assert.equal(discovered.packet.file, 'snponly.efi');
    assert.equal(await fate(firmware, { machineName: 'node2', boot: () => ignored }), 'unknown-machine');
  });

  it('tells who has an address already the rest (INFORM)', async () => {
    const outcome = await ask(request('INFORM', { ciaddr: '10.77.0.77' }));
    assert.ok(outcome.kind === 'reply');
    assert.deepEqual([outcome.reason, outcome.packet.yiaddr], ['configuration-given', '0.0.0.0']);
    assert.equal(outcome.packet.options.has(Option.IP_ADDRESS_LEASE_TIME), false);
    assert.equal(readAddress(outcome.packet.options, Option.ROUTER), '10.77.0.254');
  });

  it('tells who says no address in INFORM what holds for the network, and no broadcast address of another', async () => {
    const inform = async (ciaddr: string) => {
      const outcome = await ask(request('INFORM', { ciaddr }));
      assert.ok(outcome.kind === 'reply');
      const { yiaddr, options } = outcome.packet;
      return [yiaddr, readAddress(options, Option.BROADCAST_ADDRESS), outcome.to.kind];
    };
    assert.deepEqual(await inform('0.0.0.0'), ['0.0.0.0', '10.77.255.255', 'broadcast']);
    assert.deepEqual(await inform('10.77.0.77'), ['0.0.0.0', '10.77.255.255', 'client']);
  });

  it('calls itself what the relay agent wants (RFC 5107), and hears to that', async () => {
    const server = { address: SERVER, netmask: '255.255.0.0', identifier: '10.88.0.1' };
    const outcome = await ask(request('DISCOVER', { giaddr: '10.88.0.1' }), { server });
    assert.ok(outcome.kind === 'reply');
    assert.equal(readAddress(outcome.packet.options, Option.SERVER_IDENTIFIER), '10.88.0.1');
    const selecting = { [Option.SERVER_IDENTIFIER]: address('10.88.0.1'), ...requestedAddress(FIRST) };
    assert.equal(await fate(request('REQUEST', {}, selecting), { server }), `address-confirmed ${FIRST}`);
  });

  it('never gives what the network excludes, its routers and servers, and its first and last address', async () => {
    pool = network('pool', {
      prefix: 30,
      address: '10.77.1.0',
      ranges: [{ first: '10.77.1.0', last: '10.77.1.3' }],
      excluded: ['10.77.1.1'],
    });
    assert.equal(await discover(MAC), 'address-offered 10.77.1.2');
    assert.equal(await discover(OTHER), 'pool-exhausted');
    pool = { ...pool, routers: ['10.77.1.2'], excluded: [] };
    assert.equal(await discover(OTHER), 'address-offered 10.77.1.1');
  });
});
