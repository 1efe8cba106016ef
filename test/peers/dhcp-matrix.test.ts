/** Four DHCP clients that we did not write, in each mode, through all that a client does in its life. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CLIENTS, type ClientKind, type GivenWithRoutes } from './dhcp-client-programs.ts';
import { needTools } from './dhcp-network.ts';
import { MAC, Place } from './dhcp-place.ts';
import { dhcrelay, dnsmasqRelay } from './dhcp-relay-agents.ts';
import type { RunningClient } from './dhcp-running-client.ts';
import type { ServerSetting } from './dhcp-server.ts';
import { foreignServer } from './foreign-servers.ts';

const MODES = ['reservation', 'pool'] as const;
type Mode = (typeof MODES)[number];

/** Seconds. T1 comes after half of it; all must be there again by then. dhcpcd takes no lease under 20. */
const LEASE = 40;

/** How a network is served to the one client. Its address is NET.100 in either mode. */
function serving(mode: Mode, net: string, last = 119): Partial<ServerSetting> {
  const settings = {
    hostname: 'node1',
    domainName: 'lab.example',
    gateway: `${net}.254`,
    nameServers: [`${net}.53`],
    timeServers: [],
    leaseTime: LEASE,
  };
  const reservation = { ...settings, mac: MAC, address: `${net}.100`, netmask: '255.255.255.0' };
  return {
    machines: { [MAC]: { name: 'node1', ...(mode === 'pool' ? { settings } : { reservation }) } },
    network: { routes: [{ address: '192.168.7.0', prefix: 24, via: `${net}.2` }] },
    ...(mode === 'pool' ? { pool: { data: '', ranges: [{ first: `${net}.100`, last: `${net}.${last}` }] } } : {}),
  };
}

const given = (net: string, server: string): GivenWithRoutes => ({
  address: `${net}.100`,
  netmask: '255.255.255.0',
  router: `${net}.254`,
  nameServers: [`${net}.53`],
  leaseTime: LEASE,
  server,
  hostname: 'node1',
  domain: 'lab.example',
  routes: [`192.168.7.0/24 ${net}.2`, `0.0.0.0/0 ${net}.254`],
});

/** First lease; renewal from a server that was started again; rebinding with one that has another address; release. */
async function live(t: TestContext, kind: ClientKind, mode: Mode): Promise<void> {
  const place = new Place(t, kind, mode).bySwitch();
  await place.serve(serving(mode, '10.77.1'));
  const client = place.client();
  await client.heard('bound');
  assert.deepEqual(await client.given('10.77.1.100'), given('10.77.1', '10.77.1.1'));
  await place.serve();
  await client.heard('renewed');
  assert.equal((await place.noted('lease-renewed')).details.from, '10.77.1.100:68');
  // Nobody has the address any more to which it sends its renewals.
  await place.serve({}, '10.77.1.3');
  await client.heard('rebinding');
  await client.heard('rebound');
  assert.equal((await place.noted('lease-renewed')).details.ciaddr, '10.77.1.100');
  assert.deepEqual(
    place.notes().filter(({ what }) => what !== 'REQUEST'),
    [],
  );
  if (kind.releasesToFirst) await place.serve({}, '10.77.1.1');
  await client.release();
  assert.equal((await place.noted('address-released')).details.address, '10.77.1.100');
}

/** The client comes back: what it remembers is confirmed, or refused where it is not of the network it is in now. */
async function comeBack(t: TestContext, kind: ClientKind, mode: Mode): Promise<void> {
  const place = new Place(t, kind, mode).bySwitch();
  await place.serve(serving(mode, '10.77.1'));
  const client = place.client();
  await client.heard('bound');
  await client.given('10.77.1.100');
  await place.serve();
  const again = await returned(place, kind, client, '10.77.1.100');
  await place.noted('address-confirmed');
  const [first] = place.notes();
  assert.deepEqual(
    [first?.what, first?.reason],
    kind.remembers === 'never' ? ['DISCOVER', 'address-offered'] : ['REQUEST', 'address-confirmed'],
  );
  assert.equal((await again.given()).address, '10.77.1.100');
  if (kind.remembers === 'never') {
    // This one learns of it when it renews, which it tries by unicast first.
    await place.serve(serving(mode, '10.77.9'), '10.77.9.1');
    again.signal('SIGUSR1');
  } else {
    if (kind.remembers === 'when the cable is plugged in') await place.unplug();
    else await again.kill();
    await place.serve(serving(mode, '10.77.9'), '10.77.9.1');
    if (kind.remembers === 'when the cable is plugged in') place.plugIn();
    else await again.restart();
  }
  const refused = await place.noted('address-refused');
  assert.match(refused.sentence, /10\.77\.1\.100/);
  assert.deepEqual(await again.given('10.77.9.100'), given('10.77.9', '10.77.9.1'));
}

/** Has the client come back with what it remembers of an address. */
async function returned(
  place: Place,
  kind: ClientKind,
  client: RunningClient,
  address: string,
): Promise<RunningClient> {
  switch (kind.remembers) {
    case 'when it is started':
      await client.restart();
      break;
    case 'when the cable is plugged in':
      await place.unplug();
      place.plugIn();
      break;
    case 'never': {
      await client.kill();
      const other = place.client({ wanted: address });
      await other.heard('bound');
      return other;
    }
  }
  await client.heard('remembered');
  return client;
}

/** Somebody uses the address whom the client can hear, and we cannot. */
async function decline(t: TestContext, kind: ClientKind, mode: Mode): Promise<void> {
  const place = new Place(t, kind, mode).bySwitch(true);
  const use = ['10.77.1.100/24', 'dev', 'eth0'];
  place.network.ip('o', 'address', 'add', ...use);
  await place.serve(serving(mode, '10.77.1', 101));
  const client = place.client();
  await client.heard('declined');
  assert.equal((await place.noted('address-declined')).details.address, '10.77.1.100');
  if (mode === 'reservation') place.network.ip('o', 'address', 'delete', ...use);
  await client.heard('bound');
  await client.given(mode === 'pool' ? '10.77.1.101' : '10.77.1.100');
}

/** Nothing comes from us: a client alone gets nothing, and one beside another server what that says. */
async function leaveAlone(t: TestContext, kind: ClientKind, mode: 'proxy' | 'off'): Promise<void> {
  const place = new Place(t, kind, mode).bySwitch();
  const reason = { proxy: 'not-firmware', off: 'dhcp-off' }[mode];
  // Even if we know it, with an address.
  await place.serve({ machines: serving('reservation', '10.77.1').machines ?? {} });
  const client = place.client();
  await place.noted(reason, 2);
  await foreignServer(
    ...([t, place.network, 'o', 'eth0', 'dnsmasq'] as const),
    'interface=eth0\nbind-interfaces\nport=0\nno-ping\ndhcp-range=10.77.1.50,10.77.1.60,1h\n',
  );
  await client.heard('bound');
  const { address = '', server } = await client.given();
  assert.match(address, /^10\.77\.1\.(5\d|60)$/);
  assert.equal(server, '10.77.1.2');
  assert.deepEqual(
    place.notes().filter((note) => note.outcome !== 'ignored' || note.reason !== reason),
    [],
  );
}

const RENEWED_BEHIND_DHCRELAY = new Map([
  ['10.88.0.100:68', undefined],
  ['10.77.1.254:67', '10.88.0.254'],
]);

/** The client is in a network that only a relay agent reaches; it renews its lease past that. */
async function behindRelays(t: TestContext, kind: ClientKind, mode: Mode): Promise<void> {
  const place = new Place(t, kind, mode);
  await place.behindRouter();
  const { pool, network, machines } = serving(mode, '10.88.0');
  const rack = { name: 'rack', address: '10.88.0.0', prefix: 24, mode, ranges: pool?.ranges ?? [], ...network };
  await place.serve({
    machines: machines ?? {},
    more: [rack],
    ...(mode === 'pool' ? { pool: { data: '', ranges: [{ first: '10.77.1.100', last: '10.77.1.119' }] } } : {}),
  });
  for (const relay of [dnsmasqRelay, dhcrelay]) {
    const { stop } = await relay(place.network, 'r', {
      downstream: 'downstream',
      upstream: 'upstream',
      server: '10.77.1.1',
    });
    t.after(stop);
    const client = place.client();
    await client.heard('bound');
    assert.deepEqual(await client.given('10.88.0.100'), given('10.88.0', '10.77.1.1'));
    assert.equal((await place.noted('address-confirmed')).details.giaddr, '10.88.0.254');
    if (relay === dhcrelay) {
      await client.heard('renewed');
      // Its packet socket also relays what the router forwards. Either can be here first.
      const both = [await place.noted('lease-renewed'), await place.noted('lease-renewed', 2)];
      assert.deepEqual(new Map(both.map(({ details }) => [details.from, details.giaddr])), RENEWED_BEHIND_DHCRELAY);
    }
    await client.release();
    await place.noted('address-released');
    await client.kill();
    await place.serve();
    await stop();
  }
}

describe('DHCP clients, each mode', { concurrency: 8 }, () => {
  needTools({
    ip: 'iproute2',
    busybox: 'busybox-static',
    dnsmasq: 'dnsmasq-base',
    dhcrelay: 'isc-dhcp-relay',
    ...Object.fromEntries(Object.values(CLIENTS).map((kind) => [kind.program, kind.package])),
  });
  for (const [name, kind] of Object.entries(CLIENTS)) {
    for (const mode of MODES) {
      it(`${mode}: ${name} gets all it is to have, renews, rebinds and releases it`, (t) => live(t, kind, mode));
      it(`${mode}: ${name} comes back, and to another network`, (t) => comeBack(t, kind, mode));
      const skip = 'cannotDecline' in kind && 'its DECLINE does not get away';
      it(`${mode}: ${name} declines an address that somebody uses`, { skip }, (t) => decline(t, kind, mode));
      it(`${mode}: ${name} behind dnsmasq and ISC dhcrelay`, (t) => behindRelays(t, kind, mode));
    }
    for (const mode of ['proxy', 'off'] as const)
      it(`${mode}: ${name} gets nothing from us, all from another server`, (t) => leaveAlone(t, kind, mode));
  }
});
