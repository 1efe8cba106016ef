/** Machines that nobody knows, over HTTP: their script and token, and what they become. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hardware, idOf } from '../machines/examples.ts';
import { anvil, card } from '../machines/inventories.ts';
import { discovering, known, MAC, OTHER, SECOND } from './discovering.ts';
import { running, tokenFor } from './running.ts';

describe('a machine that nobody knows', () => {
  it('is ignored where nothing else was said', async (t) => {
    const all = await running(t);
    all.neighbours.set('127.0.0.1', MAC);
    for (const what of ['auto.ipxe', 'vmlinuz', 'initrd.img', 'worker.cpio'])
      assert.equal((await all.call('GET', `/boot/${MAC}/${what}`, { token: '' })).status, 404, what);
    const { json } = await all.call('GET', `/api/v1/preview/${MAC}`);
    assert.deepEqual([json.boot, json.reason, json.script], ['nothing', 'unknown-machine', undefined]);
    assert.equal((await all.call('GET', '/api/v1/preview/nobody')).status, 404);
    const token = await all.workerTokens.issueForUnknown(MAC);
    const { status, json: refused } = await all.call('POST', '/api/v1/worker/discover', { token, body: {} });
    assert.deepEqual([status, /machines that nobody knows are ignored/.test(refused.detail)], [403, true]);
  });

  it('gets a script that says so, and what that names; only the machine itself gets the token', async (t) => {
    const all = await discovering(t);
    const script = (token = '') => all.call('GET', `/boot/${MAC}/auto.ipxe`, { token });
    const stranger = await script();
    assert.equal(stranger.status, 403);
    assert.match(stranger.json.detail, /not its address, and it has not asked DHCP for one lately/);
    all.neighbours.set('127.0.0.1', OTHER);
    assert.match((await script()).json.detail, new RegExp(`is the address of ${OTHER}`));
    assert.equal(all.last(), 'refused not-this-machine');
    all.neighbours.set('127.0.0.1', MAC);
    const { status, text } = await script();
    assert.equal(status, 200);
    assert.match(text, / tinsmith\.token=[\w-]{40,} tinsmith\.discover quiet /);
    assert.equal(all.last(), 'answered discovery');
    for (const what of ['vmlinuz', 'initrd.img', 'worker.cpio']) {
      const { status: sent } = await all.call('GET', `/boot/${MAC}/${what}`, { token: '' });
      assert.equal(sent, 200, what);
    }
    assert.match((await script(all.adminToken)).text, /tinsmith\.token=PREVIEW tinsmith\.discover /);
    const { json } = await all.call('GET', `/api/v1/preview/${MAC.replaceAll(':', '-').toUpperCase()}`);
    assert.deepEqual([json.boot, json.reason], ['osie', 'discovery']);
    assert.match(json.script, /PREVIEW tinsmith\.discover/);
  });

  it('behind a router gets it once DHCP has answered it, from any address in proxy mode', async (t) => {
    const all = await discovering(t);
    const answer = { mac: MAC, role: 'dhcp', what: 'DISCOVER', outcome: 'answered', reason: '', sentence: '' } as const;
    all.trace.note({ ...answer, details: {} });
    assert.equal((await all.call('GET', `/boot/${MAC}/auto.ipxe`, { token: '' })).status, 200);
    all.time.now += 31 * 60_000;
    assert.equal((await all.call('GET', `/boot/${MAC}/auto.ipxe`, { token: '' })).status, 403);
  });

  it('has a token for its discovery only, until it is a machine of ours', async (t) => {
    const all = await discovering(t);
    const token = await tokenFor(all, MAC);
    for (const [method, path] of [
      ['POST', 'hello'],
      ['GET', 'work?boot=b1'],
      ['GET', 'stream'],
      ['GET', 'services'],
      ['POST', 'report'],
      ['POST', 'log'],
      ['POST', 'heartbeat'],
      ['POST', 'inventory'],
    ] as const) {
      const body = method === 'POST' ? {} : undefined;
      const { status, json } = await all.call(method, `/api/v1/worker/${path}`, { token, body });
      assert.deepEqual([path, status, json.code], [path, 403, 'FORBIDDEN']);
      assert.match(json.detail, new RegExp(`opens the discovery of ${MAC}, and nothing else`));
    }
    assert.equal((await all.call('GET', '/api/v1/machines', { token })).status, 401);
    assert.equal((await all.discover({ token: 'made-up' })).status, 401);

    const { status, json } = await all.discover({ token });
    assert.equal(status, 200);
    // The machine's own UUID, and a name as Digital Rebar gives it.
    assert.deepEqual(json.machine, { id: anvil({}).system.uuid, name: 'd9c005e000001' });
    assert.equal((await all.hello(token)).status, 200);
    assert.equal((await all.call('GET', '/api/v1/worker/work?boot=b1', { token })).json.kind, 'idle');
    assert.equal(all.trace.of(MAC).find(({ what }) => what === 'discover')?.reason, 'discovered');
  });

  it('becomes a machine with all its cards, the one that it was booted with first, and nothing else', async (t) => {
    const all = await discovering(t);
    const usb = { ...card('be:3a:f2:b6:05:9f', 'usb0'), bus: 'usb' };
    const chance = { ...card('9c:00:5e:00:00:03', 'eno3'), permanentMac: undefined, macFrom: 'chance' as const };
    const inventory = anvil({ interfaces: [...anvil({}).interfaces, usb, chance] });
    const { json } = await all.discover({ mac: SECOND, inventory, token: await tokenFor(all, SECOND) });
    const machine = all.machines.find(json.machine.id);
    assert.deepEqual(
      machine.hardware.network.interfaces.map(({ dhcp }) => [dhcp.mac, dhcp.hostname, dhcp.ip]),
      [
        [SECOND, 'd9c005e000002', undefined],
        [MAC, undefined, undefined],
      ],
    );
    const { stage: none, profiles, params, bootEnv } = all.lives.get(machine.id);
    assert.deepEqual([none, profiles, bootEnv], [undefined, [], undefined]);
    assert.deepEqual(Object.keys(params), ['inventory'], 'the pack `discover` has such a param');
    const found = all.heard.filter(({ kind }) => kind === 'machine.discovered');
    assert.deepEqual(
      found.map(({ machine: id, data }) => [id, data.mac]),
      [[machine.id, SECOND]],
    );
    const { json: shown } = await all.call('GET', `/api/v1/machines/${SECOND}/inventory`);
    assert.deepEqual(shown.data.inventory, JSON.parse(JSON.stringify(inventory)));
  });

  it('has a UUID of its own where SMBIOS has none, junk, or that of another machine', async (t) => {
    const all = await discovering(t);
    const { system } = anvil({});
    const junk = '03000200-0400-0500-0006-000700080009';
    const seen = [
      { mac: MAC, uuid: system.uuid },
      { mac: OTHER, uuid: system.uuid },
      { mac: '9c:00:5e:00:01:01', uuid: junk },
      { mac: '9c:00:5e:00:01:02', uuid: undefined },
    ];
    const ids: string[] = [];
    for (const { mac, uuid } of seen) {
      // Only the UUID speaks for the first and the second being one, which is not enough.
      const inventory = anvil({ system: { uuid }, interfaces: [card(mac)] });
      ids.push((await all.discover({ mac, inventory, token: await tokenFor(all, mac) })).json.machine.id);
    }
    assert.equal(new Set(ids).size, 4);
    assert.equal(ids[0], system.uuid);
    assert.ok(!ids.includes(junk));
    const near = all.trace.of(OTHER).find(({ reason }) => reason === 'discovered')?.sentence ?? '';
    assert.match(near, /it is not d9c005e000001, although it has its system UUID \(50\)/);
  });

  it('leaves a card that another machine has to that', async (t) => {
    const all = await discovering(t);
    const four = ['9c:00:5e:00:02:01', '9c:00:5e:00:02:02', '9c:00:5e:00:02:03'].map((mac) => card(mac));
    await known(all, 1, anvil({ system: {}, interfaces: [...four, card(SECOND)] }), SECOND);
    const inventory = anvil({ interfaces: [card(MAC), card(SECOND), card(OTHER)] });
    const { status, json } = await all.discover({ inventory, token: await tokenFor(all, MAC) });
    assert.equal(status, 200);
    const { interfaces } = all.machines.find(json.machine.id).hardware.network;
    assert.deepEqual(
      interfaces.map(({ dhcp }) => dhcp.mac),
      [MAC, OTHER],
    );
  });

  it('is one machine, asked at once or again', async (t) => {
    const all = await discovering(t);
    const tokens = [await tokenFor(all, MAC), await tokenFor(all, MAC)];
    const answers = await Promise.all([...tokens, ...tokens].map((token) => all.discover({ token })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.equal(new Set(answers.map(({ json }) => json.machine.id)).size, 1);
    assert.equal((await all.machines.list()).length, 1);
    for (const token of tokens) assert.equal((await all.discover({ token })).status, 200, 'also when it is known');
    assert.equal(all.heard.filter(({ kind }) => kind === 'machine.discovered').length, 1);
    // By both of its cards at once, as two boots of it would.
    const { system } = anvil({});
    const each = [OTHER, '9c:00:5e:00:00:1f'].map((mac) => {
      const inventory = anvil({ system: { ...system, uuid: idOf(7), serial: 'S' }, interfaces: [card(mac)] });
      return all.discovery.take({ mac, inventory, boot: 'b7' }, () => {});
    });
    assert.deepEqual((await Promise.all(each)).map(({ outcome }) => outcome).sort(), ['found', 'known']);
    assert.equal((await all.machines.list()).length, 2);
  });

  it('is not another that says the same of itself at the same time, until that is silent', async (t) => {
    const all = await discovering(t);
    const { system } = anvil({});
    const take = (mac: string, boot: string) => {
      const inventory = anvil({ system: { ...system, uuid: idOf(7), serial: 'S' }, interfaces: [card(mac)] });
      return all.discovery.take({ mac, inventory, boot }, () => {});
    };
    assert.equal((await take(OTHER, 'b1')).outcome, 'found');
    const twin = await take('9c:00:5e:00:00:1f', 'b2');
    assert.match('sentence' in twin ? twin.sentence : '', /^it is machine .*, which was discovered 0 s ago elsewhere$/);
    assert.equal(twin.outcome, 'conflict');
    all.time.now += 91_000;
    assert.equal(
      (await take('9c:00:5e:00:00:1f', 'b2')).outcome,
      'known',
      'the same after a restart, by its other card',
    );
  });
});

describe('a machine that is known by another card', () => {
  it('gets that card too, without an address, and its token', async (t) => {
    const all = await discovering(t);
    await known(all, 1, anvil({ interfaces: [card(SECOND)] }));
    const token = await tokenFor(all, MAC);
    const { json } = await all.discover({ inventory: anvil({ interfaces: [card(MAC), card(SECOND)] }), token });
    assert.deepEqual(json.machine, { id: idOf(1), name: 'known-1' });
    const { interfaces } = all.machines.find('known-1').hardware.network;
    assert.deepEqual(interfaces[1], { dhcp: { mac: MAC } });
    assert.equal((await all.hello(token)).status, 200);
    assert.match(all.trace.of(MAC).find(({ reason }) => reason === 'recognised')?.sentence ?? '', /1 of 1 MACs/);
    assert.ok(!all.heard.some(({ kind }) => kind === 'machine.discovered'));
  });

  it('does not get it while it is locked', async (t) => {
    const all = await discovering(t);
    await known(all, 1, anvil({ interfaces: [card(SECOND)] }));
    await all.lives.setLocked(idOf(1), true);
    const { status, json } = await all.discover({ token: await tokenFor(all, MAC) });
    assert.deepEqual([status, json.code], [409, 'CONFLICT']);
    assert.match(json.detail, /known-1 is locked/);
    assert.equal(all.last(), 'refused not-discovered');
  });

  it('is not that while the worker of that is at work elsewhere', async (t) => {
    const all = await discovering(t);
    await known(all, 1, anvil({ interfaces: [card(SECOND)] }));
    const own = await all.workerTokens.issue(idOf(1));
    const body = { mac: SECOND, boot: 'elsewhere', version: 'test', agent: 'a2' };
    assert.equal((await all.call('POST', '/api/v1/worker/hello', { token: own, body })).status, 200);
    const token = await tokenFor(all, MAC);
    const { status, json } = await all.discover({ token });
    assert.equal(status, 409);
    assert.match(json.detail, /known-1 by .*, whose worker was heard 0 s ago elsewhere/);
    assert.equal((await all.hello(token)).status, 403, 'its token opens nothing of that machine');
    all.time.now += 91_000;
    assert.equal((await all.discover({ token })).status, 200, 'it may have been restarted');
  });
});

describe('a machine that could be two', () => {
  it('is none: nothing is made, both are named, and that is told once', async (t) => {
    const all = await discovering(t);
    const { system } = anvil({});
    await known(all, 1, anvil({ system, interfaces: [card(SECOND)] }));
    await known(all, 2, anvil({ system, interfaces: [card(OTHER)] }));
    const inventory = anvil({ system, interfaces: [card(MAC)] });
    const token = await tokenFor(all, MAC);
    for (let i = 0; i < 3; i++) {
      const { status, json } = await all.discover({ inventory, token });
      assert.deepEqual([status, json.code], [409, 'CONFLICT']);
      for (const name of ['known-1', 'known-2', 'its system UUID']) assert.ok(json.detail.includes(name), json.detail);
    }
    assert.equal((await all.machines.list()).length, 2);
    const conflicts = all.heard.filter(({ kind }) => kind === 'machine.conflict');
    assert.equal(conflicts.length, 1);
    const { mac, machines } = conflicts[0]?.data as { mac: string; machines: { name: string }[] };
    assert.deepEqual([mac, ...machines.map(({ name }) => name)], [MAC, 'known-1', 'known-2']);
    assert.equal(all.last(), 'refused machine-conflict');
    // A person says which it is.
    await all.machines.delete('known-2');
    assert.equal((await all.discover({ inventory, token })).json.machine.name, 'known-1');
  });
});

describe('the inventory of a machine that is known', () => {
  it('is kept with the time, anew when it is another, and goes with the machine', async (t) => {
    const all = await discovering(t);
    await all.machines.push([hardware(1, { hostname: 'known-1' })]);
    const token = await all.workerTokens.issue(idOf(1));
    const path = '/api/v1/machines/known-1/inventory';
    assert.equal((await all.call('GET', path)).status, 404);
    const tell = (inventory: object) => all.call('POST', '/api/v1/worker/inventory', { token, body: { inventory } });
    const at = async (): Promise<number> => Date.parse((await all.call('GET', path)).json.data.at) - 1_000_000;
    assert.deepEqual((await tell(anvil({}))).json, { kept: true });
    assert.equal(await at(), 0);
    all.time.now += 5000;
    await tell(anvil({}));
    assert.equal(await at(), 0);
    await tell(anvil({ boot: 'another' }));
    assert.equal(await at(), 5000);
    assert.equal((await tell({ disks: [] })).status, 422);
    await all.machines.delete('known-1');
    assert.equal(all.discovery.inventories.of(idOf(1)), undefined);
    assert.deepEqual(await all.store.entries('fingerprint/'), []);
  });
});
