/** What DHCP is told of a machine that has a life. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DhcpContexts } from '../../src/appliance/dhcp-contexts.ts';
import { respond } from '../../src/boots/dhcp/index.ts';
import type { BootLife } from '../../src/boots/plan.ts';
import { Machines } from '../../src/machines/machines.ts';
import { EventLog } from '../../src/store/index.ts';
import { captured } from '../boots/dhcp/captured.ts';
import { alter, network, request } from '../boots/dhcp/requests.ts';
import { hardware, idOf, macOf } from '../machines/examples.ts';
import { opened } from '../store/opened.ts';

describe('the context of a DHCP client', () => {
  it('has what its boot environment says, and the loader that comes with that', async (t) => {
    const store = await opened(t);
    const clock = (): number => 0;
    const machines = new Machines(store, await EventLog.open(store, clock), clock);
    await machines.push([hardware(1), hardware(2)]);
    const lives = new Map<string, BootLife>();
    const contexts = new DhcpContexts(machines, (address) => `http://${address}:80`, clock, {
      lifeOf: (machine) => lives.get(machine),
      loaderFor: ({ id }, firmware) => (id === idOf(2) ? `bootenvs/e/${firmware}` : undefined),
    });
    const from = { name: 'eth0', address: '10.77.0.1', netmask: '255.255.255.0' };
    const answer = (n: number): string => {
      const given = contexts
        .of(request('DISCOVER', { chaddr: macOf(n) }), from)
        .boot({ kind: 'pxe', architectures: [7] });
      return `${given.answer === 'file' ? given.name : given.answer} ${given.reason}`;
    };
    assert.equal(answer(1), 'ignore no-workflow');
    for (const n of [1, 2]) lives.set(idOf(n), { bootEnv: 'e' });
    assert.equal(answer(1), `${macOf(1)}/ipxe.efi boot-environment`);
    assert.equal(answer(2), 'bootenvs/e/amd64-uefi boot-environment');
    lives.set(idOf(2), { bootEnv: 'local' });
    assert.equal(answer(2), `${macOf(2)}/localboot.efi boot-environment`);
  });

  it('has that a reserved address was declined: that one alone, and for ten minutes', async (t) => {
    const store = await opened(t);
    let now = 0;
    const clock = (): number => now;
    const machines = new Machines(store, await EventLog.open(store, clock), clock);
    const contexts = new DhcpContexts(machines, String, clock);
    const from = { name: 'eth0', address: '10.77.0.1', netmask: '255.255.255.0' };
    const isDeclined = (n = 1): boolean => contexts.of(request('DISCOVER', { chaddr: macOf(n) }), from).declined;
    const decline = (address: string, n = 1, reason = 'address-declined'): void =>
      contexts.take({
        ...{ mac: macOf(n), what: 'DECLINE', outcome: 'noted', reason, sentence: 'declined' },
        details: { address },
      });
    await machines.push([hardware(1), hardware(2, { ip: '10.77.0.62' })]);
    decline('10.77.1.0');
    await machines.push([hardware(1, { ip: '10.77.0.60' })]);
    assert.equal(isDeclined(), false, 'that was one of the range');
    decline('10.77.0.61');
    decline('10.77.0.60', 9);
    decline('10.77.0.60', 1, 'address-released');
    assert.equal(isDeclined(), false);
    decline('10.77.0.60');
    assert.deepEqual([isDeclined(), isDeclined(2)], [true, false]);
    await machines.push([hardware(1, { ip: '10.77.0.63' })]);
    assert.equal(isDeclined(), false, 'it has another now');
    await machines.push([hardware(1, { ip: '10.77.0.60' })]);
    now += 10 * 60_000 - 1;
    assert.equal(isDeclined(), true);
    now += 1;
    assert.equal(isDeclined(), false);
  });

  it('of a machine that nobody knows says to boot where such are discovered, and gives it no address', async (t) => {
    const store = await opened(t);
    const clock = (): number => 0;
    const machines = new Machines(store, await EventLog.open(store, clock), clock);
    await machines.push([hardware(1)]);
    const from = { name: 'eth0', address: '10.77.0.1', netmask: '255.255.255.0' };
    const fate = (mode: 'proxy' | 'reservation', unknown?: 'ignore' | 'discover', mac = macOf(9)): string => {
      const contexts = new DhcpContexts(machines, (address) => `http://${address}:80`, clock, undefined, unknown);
      const packet = alter(captured('edk2-pxe-discover'), { chaddr: mac });
      const outcome = respond(packet, { ...contexts.of(packet, from), network: network(mode), port: 67, server: from });
      return `${outcome.kind} ${outcome.reason}: ${outcome.sentence}`;
    };
    for (const mode of ['proxy', 'reservation'] as const) {
      assert.match(fate(mode), /^ignored unknown-machine: no machine has the MAC address/);
      assert.equal(fate(mode, 'ignore'), fate(mode));
    }
    assert.match(
      fate('proxy', 'discover'),
      /^reply boot-offered: offered the unknown machine 52:54:00:00:00:09 what to boot, no address; .*to be discovered$/,
    );
    assert.match(
      fate('reservation', 'discover'),
      /^ignored no-address: no machine has the MAC address 52:54:00:00:00:09; in reservation mode only .*cannot be discovered$/,
    );
    // A system of its own that asks is nobody's business, and what is known is as it was.
    const system = request('DISCOVER', { chaddr: macOf(9) });
    const contexts = new DhcpContexts(machines, String, clock, undefined, 'discover');
    const { reason } = respond(system, {
      ...contexts.of(system, from),
      network: network('proxy'),
      port: 67,
      server: from,
    });
    assert.equal(reason, 'not-firmware');
    assert.match(fate('proxy', 'discover', macOf(1)), /^ignored no-workflow/);
  });
});
