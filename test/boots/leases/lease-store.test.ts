import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { LeaseStore } from '../../../src/boots/leases/index.ts';
import { openStore } from '../../../src/store/index.ts';
import { temporaryDirectory } from '../../store/opened.ts';
import { network } from '../dhcp/requests.ts';
import { HeldStore } from './kept.ts';

const MAC = '52:54:00:77:00:01';
const OTHER = '52:54:00:77:00:02';
const FIRST = '10.77.1.0';
const DAY = 86_400_000;
const pool = network('pool', { ranges: [{ first: FIRST, last: '10.77.1.9' }] });
const nothingElse = { reservedFor: () => undefined, isOurs: () => false };
const client = { mac: MAC, hostname: 'node1' };

async function held(clock: () => number) {
  const disk = new HeldStore();
  const leases = await LeaseStore.open(disk.store, nothingElse, clock, async () => {});
  disk.isHeld = true;
  return { disk, leases };
}

async function reopened(t: TestContext, directory: string, clock: () => number) {
  const store = await openStore(directory);
  t.after(() => store.close());
  return { store, leases: await LeaseStore.open(store, nothingElse, clock) };
}

/** What was decided has come to the store. */
const decided = () => new Promise(setImmediate);
const onDisk = (why: unknown) => why && JSON.parse(JSON.stringify(why));

describe('leases on the disk', () => {
  it('are there again after a restart, renewed, released and deleted', async (t) => {
    const directory = temporaryDirectory(t);
    let now = 1_000_000_000_000;
    const clock = () => now;
    const first = await reopened(t, directory, clock);
    await first.leases.keep(client, pool, FIRST, 600);
    await first.leases.keep({ mac: OTHER, hostname: undefined }, pool, '10.77.1.1', 600);
    await first.leases.keep({ mac: '52:54:00:77:00:03', hostname: undefined }, pool, '10.77.1.2', 600);
    now += 60_000;
    await first.leases.keep({ mac: MAC, hostname: undefined }, pool, FIRST, 600);
    assert.equal(await first.leases.release(OTHER, '10.77.1.1'), true);
    assert.equal(await first.leases.release(OTHER, FIRST), false, 'it is not its own');
    await first.leases.delete('10.77.1.2');
    const before = [...first.leases.leases.all()];
    await first.store.close();
    const second = await reopened(t, directory, clock);
    assert.deepEqual([...second.leases.leases.all()], before);
    const lease = second.leases.leases.get(FIRST);
    assert.deepEqual(lease, {
      ...{ address: FIRST, mac: MAC, network: 'lab', hostname: 'node1', isReleased: false },
      ...{ start: now - 60_000, renewed: now, end: now + 600_000 },
    });
    assert.equal(second.leases.leases.holder('10.77.1.1', now), undefined);
    await assert.rejects(second.leases.delete('10.77.1.2'), { code: 'NOT_FOUND' });
  });

  it('that ended long ago are forgotten at a start', async () => {
    const disk = new HeldStore();
    let now = 1_000_000_000_000;
    const leases = await LeaseStore.open(disk.store, nothingElse, () => now);
    await leases.keep(client, pool, FIRST, 600);
    now += 91 * DAY;
    assert.deepEqual([...(await LeaseStore.open(disk.store, nothingElse, () => now)).leases.all()], []);
    assert.equal(disk.disk.size, 0);
  });

  it('are not given of addresses that were found in use before a restart', async () => {
    const disk = new HeldStore();
    let now = 1_000_000_000_000;
    const clock = () => now;
    const open = () => LeaseStore.open(disk.store, nothingElse, clock);
    const before = await open();
    before.foundInUse(FIRST, OTHER);
    await before.keep(client, pool, '10.77.1.1', 600);
    await before.decline(MAC, pool, '10.77.1.1');
    before.foundInUse('10.77.1.2', undefined);
    await assert.doesNotReject(before.delete('10.77.1.2'));
    const after = await open();
    for (const address of [FIRST, '10.77.1.1', '10.77.1.2']) {
      const why = after.leases.quarantineOf(address);
      assert.deepEqual(why, onDisk(before.leases.quarantineOf(address)), address);
    }
    assert.equal(after.of(OTHER, pool).choose(undefined)?.address, '10.77.1.2');
    assert.equal(after.foundInUse(FIRST, OTHER).times, 2, 'it is known how often');
    now -= 20 * DAY;
    const { until } = (await open()).leases.quarantineOf(FIRST) ?? assert.fail();
    assert.equal(until - now, 4 * 3_600_000, 'the clock was ahead');
    now += 30 * DAY;
    assert.equal((await open()).leases.quarantineOf(FIRST), undefined);
    assert.deepEqual([...disk.disk.keys()], ['lease/10.77.1.1']);
  });

  it('have a quarantine whose end is on the disk before it is told', async () => {
    const { disk, leases } = await held(() => 1_000_000_000_000);
    leases.foundInUse(FIRST, OTHER);
    disk.write();
    await decided();
    const refused = leases.delete(FIRST);
    disk.fail();
    await assert.rejects(refused, /no space left/);
    assert.equal(disk.disk.size, 1);
    // It is tried again with the next.
    leases.foundInUse('10.77.1.5', OTHER);
    disk.write();
    assert.deepEqual([...disk.disk.keys()], ['quarantine/10.77.1.5']);
  });

  it('do not pile up in memory where many are declined and the disk stands still', async () => {
    const { disk, leases } = await held(() => 1_000_000_000_000);
    for (let at = 0; at < 200; at++) leases.foundInUse('10.77.1.3', OTHER);
    assert.equal(disk.waiting, 1);
    disk.write();
    await decided();
    assert.equal(disk.waiting, 1);
    disk.write();
    await decided();
    assert.equal(disk.waiting, 0);
  });

  it('on their way there are nobody else’s, however long that takes', async () => {
    let now = 1_000_000_000_000;
    const { disk, leases } = await held(() => now);
    const kept = leases.keep(client, pool, FIRST, 600);
    now += 300_000;
    assert.equal(leases.of(OTHER, pool).claim(FIRST).claim, 'taken');
    assert.equal(leases.of(OTHER, pool).choose(FIRST)?.address, '10.77.1.1');
    await decided();
    disk.write();
    await kept;
    assert.equal(leases.leases.holder(FIRST, now), MAC);
    now += 301_000;
    assert.equal(leases.of(OTHER, pool).choose(FIRST)?.address, FIRST);
  });

  it('that could not be written are none, and their address is free after the offer', async () => {
    let now = 1_000_000_000_000;
    const { disk, leases } = await held(() => now);
    const kept = leases.keep(client, pool, FIRST, 600);
    await decided();
    disk.fail();
    await assert.rejects(kept, /no space left/);
    assert.equal(leases.leases.get(FIRST), undefined);
    assert.equal(leases.of(OTHER, pool).claim(FIRST).claim, 'taken');
    now += 61_000;
    assert.equal(leases.of(OTHER, pool).claim(FIRST).claim, 'free');
  });

  it('do not pile up before a disk that stands still', async () => {
    const { disk, leases } = await held(() => 0);
    const waiting = Array.from({ length: 8192 }, () => leases.keep(client, pool, FIRST, 600));
    await assert.rejects(leases.keep(client, pool, FIRST, 600), { code: 'UNAVAILABLE' });
    await decided();
    disk.write();
    await Promise.all(waiting);
    disk.isHeld = false;
    await leases.keep(client, pool, FIRST, 600);
  });

  it('go together while others are being written, in the order in which they were decided', async () => {
    const { disk, leases } = await held(() => 1_000_000_000_000);
    const told: string[] = [];
    const tell = (what: string) => (): void => void told.push(what);
    const keep = (n: number) =>
      leases.keep({ mac: `52:54:00:77:01:0${n}`, hostname: undefined }, pool, `10.77.1.${n}`, 600);
    const first = keep(1).then(tell('first'));
    await decided();
    const more = [keep(2).then(tell('second')), keep(3).then(tell('third'))];
    await decided();
    assert.equal(disk.waiting, 1);
    disk.write();
    await first;
    await decided();
    assert.deepEqual([disk.waiting, told, disk.disk.size], [1, ['first'], 1]);
    // What is decided on what is not on the disk yet comes after it.
    const gone = leases.release('52:54:00:77:01:01', '10.77.1.1').then(tell('released'));
    disk.write();
    await Promise.all(more);
    await decided();
    disk.write();
    await gone;
    assert.deepEqual(told, ['first', 'second', 'third', 'released']);
    assert.equal(leases.leases.holder('10.77.1.1', 1_000_000_000_000), undefined);
    assert.equal(leases.leases.holder('10.77.1.3', 1_000_000_000_000), '52:54:00:77:01:03');
  });

  it('are as they were left last, where several changes of one go together', async (t) => {
    const directory = temporaryDirectory(t);
    const clock = () => 1_000_000_000_000;
    const { store, leases } = await reopened(t, directory, clock);
    await leases.keep(client, pool, FIRST, 600);
    const meanwhile = leases.keep({ mac: OTHER, hostname: undefined }, pool, '10.77.1.1', 600);
    await decided();
    await Promise.all([leases.release(MAC, FIRST), leases.keep(client, pool, FIRST, 900), meanwhile]);
    const held = [...leases.leases.all()];
    assert.deepEqual(
      held.map(({ address, end }) => [address, (end - clock()) / 1000]),
      [
        [FIRST, 900],
        ['10.77.1.1', 600],
      ],
    );
    await store.close();
    const again = await reopened(t, directory, clock);
    assert.deepEqual(new Set(again.leases.leases.all()), new Set(held));
  });

  it('end when the client is given another address of the network, and not elsewhere', async () => {
    const now = 1_000_000_000_000;
    const leases = await LeaseStore.open(new HeldStore().store, nothingElse, () => now);
    const elsewhere = network('pool', {
      name: 'b',
      address: '10.88.0.0',
      ranges: [{ first: '10.88.0.1', last: '10.88.0.9' }],
    });
    await leases.keep(client, pool, FIRST, 600);
    await leases.keep(client, elsewhere, '10.88.0.1', 600);
    await leases.keep(client, pool, '10.77.1.5', 600);
    const holders = [FIRST, '10.77.1.5', '10.88.0.1'].map((each) => leases.leases.holder(each, now));
    assert.deepEqual(holders, [undefined, MAC, MAC]);
  });

  it('that ended first are given first, again and again', async () => {
    let now = 1_000_000_000_000;
    const leases = await LeaseStore.open(new HeldStore().store, nothingElse, () => now);
    const small = network('pool', { ranges: [{ first: '10.77.1.0', last: '10.77.1.3' }] });
    const given: string[] = [];
    for (let each = 10; each < 22; each++) {
      const mac = `52:54:00:77:01:${each}`;
      const address = leases.of(mac, small).choose(undefined)?.address ?? '';
      leases.offer(mac, small, address);
      await leases.keep({ mac, hostname: undefined }, small, address, 12);
      given.push(address);
      // The first four within seconds, each of the others when the one before has ended.
      now += each < 13 ? 1000 : 13_000;
    }
    const inTurn = ['10.77.1.0', '10.77.1.1', '10.77.1.2', '10.77.1.3'];
    assert.deepEqual(given, [...inTurn, ...inTurn, ...inTurn]);
  });

  it('of a great range are given fast, to the last address', async () => {
    const now = 1_000_000_000_000;
    const disk = new HeldStore();
    const leases = await LeaseStore.open(disk.store, nothingElse, () => now);
    const great = network('pool', { ranges: [{ first: '10.77.0.0', last: '10.77.255.255' }] });
    const given = new Set<string>();
    for (let each = 0; each < 65_534; each++) {
      const mac = `02:00:00:00:${(each >> 8).toString(16).padStart(2, '0')}:${(each & 255).toString(16).padStart(2, '0')}`;
      const address = leases.of(mac, great).choose(undefined)?.address ?? '';
      leases.offer(mac, great, address);
      given.add(address);
    }
    assert.equal(given.size, 65_534);
    assert.equal(leases.of(MAC, great).choose(undefined), undefined);
  });
});
