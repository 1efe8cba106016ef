/** Boots that are stuck, told of though nobody asks: once each, and not again after a restart. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchBoots } from '../../src/appliance/boot-watch.ts';
import type { StoredEvent } from '../../src/store/index.ts';
import { macOf } from '../machines/examples.ts';
import { appliance } from './firmware.ts';

describe('a boot that is stuck', () => {
  it('is told once, by an event with the reason, and again for the next boot', async (t) => {
    const all = await appliance(t);
    const { record } = await all.known(1);
    const watch = watchBoots(all.services, {});
    t.after(() => watch.stop());
    const told: StoredEvent[] = [];
    all.events.listen((event) => event.kind === 'boot.stuck' && told.push(event));
    const machine = all.machine(1);
    await machine.address();
    await machine.load('ipxe.efi');
    await watch.sweep();
    assert.equal(told.length, 0, 'its script may still come');
    all.pass(61);
    await watch.sweep();
    await watch.sweep();
    assert.equal(told.length, 1);
    const [{ machine: about, data } = assert.fail()] = told;
    assert.equal(about, record.id);
    const { sentence, ...rest } = data;
    assert.deepEqual(rest, { name: 'machine-1', mac: macOf(1), boot: 1, code: 'secure-boot' });
    assert.match(String(sentence), /^loaded ipxe\.efi and then nothing/);
    assert.ok(all.logged.some((line) => line.includes('machine-1 does not boot: loaded ipxe.efi')));

    await machine.address('ipxe');
    all.pass(70);
    await watch.sweep();
    assert.equal(told.length, 1, 'of one boot one thing is told');
    await watch.stop();
    const again = watchBoots(all.services, {});
    t.after(() => again.stop());
    await again.sweep();
    assert.equal(told.length, 1, 'nor by an appliance that was started again');

    await machine.address();
    all.pass(100);
    await again.sweep();
    assert.deepEqual(
      told.map(({ data: { boot, code } }) => [boot, code]),
      [
        [1, 'secure-boot'],
        [2, 'loader-not-asked'],
      ],
    );
    // What was told last goes with the machine.
    const kept = () => all.services.store.values('boot-stuck/');
    assert.equal((await kept()).length, 1);
    for (const workflow of all.machines.work(record.id).queue) await all.services.workflows.delete(workflow);
    await all.machines.delete(record.id);
    assert.deepEqual(await kept(), []);
  });

  it('is not told of one that is left alone, that nobody knows, or that gets on', async (t) => {
    const all = await appliance(t);
    await all.known(1, { work: false });
    const watch = watchBoots(all.services, {});
    t.after(() => watch.stop());
    await all.machine(1).dhcp('DISCOVER', 'uefi');
    await all.machine(9).dhcp('DISCOVER', 'uefi');
    await all.known(2);
    await all.machine(2).loaded();
    await all.machine(2).hello();
    all.pass(3600);
    await watch.sweep();
    const kinds: string[] = [];
    for await (const { kind } of all.events.since(0)) kinds.push(kind);
    assert.ok(!kinds.includes('boot.stuck'), String(kinds));
  });

  it('is not told of a card that only asked, where another of the machine has got on', async (t) => {
    const all = await appliance(t);
    const { record } = await all.known(1);
    const { network } = record.hardware;
    const interfaces = [...network.interfaces, { dhcp: { mac: macOf(2), ip: { address: '10.0.0.2' } } }];
    await all.machines.push([{ ...record.hardware, network: { ...network, interfaces } }]);
    const watch = watchBoots(all.services, {});
    t.after(() => watch.stop());
    const told: StoredEvent[] = [];
    all.events.listen((event) => event.kind === 'boot.stuck' && told.push(event));
    await all.machine(2).address();
    await all.machine(1).loaded();
    await all.machine(1).hello();
    all.pass(100);
    await watch.sweep();
    assert.deepEqual(told, []);
  });

  it('that broke off is told once it was not tried again', async (t) => {
    const all = await appliance(t);
    await all.known(1);
    const watch = watchBoots(all.services, {});
    t.after(() => watch.stop());
    const codes: unknown[] = [];
    all.events.listen((event) => event.kind === 'boot.stuck' && codes.push(event.data.code));
    const machine = all.machine(1);
    await machine.address('ipxe');
    await machine.script();
    await machine.kernel({ cut: true });
    await watch.sweep();
    all.pass(3);
    await machine.kernel();
    await machine.initrd({ cut: true });
    await watch.sweep();
    assert.deepEqual(codes, []);
    all.pass(25);
    await watch.sweep();
    assert.deepEqual(codes, ['initrd-broke-off']);
  });
});
