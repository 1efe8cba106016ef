/** What firmware, iPXE and installed systems are given over HTTP, through the real server. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { KERNEL, type Running, running, tokenFor } from '../api/running.ts';
import { hardware, macOf } from '../machines/examples.ts';
import { device, pushed, TWO_ACTIONS } from '../workflows/made.ts';

const MAC = macOf(1);
const script = (all: Running, mac = MAC) => all.call('GET', `/boot/${mac}/auto.ipxe`, { token: '' });
const reasons = (all: Running, mac = MAC): string[] =>
  all.trace.of(mac).map(({ outcome, reason }) => `${outcome} ${reason}`);

async function waiting(t: TestContext, options: Parameters<typeof running>[1] = {}): Promise<Running> {
  const all = await running(t, options);
  for (const n of [1, 2]) await pushed(all.machines, n);
  await all.templates.create(TWO_ACTIONS);
  await all.workflows.create({ template: 'install', devices: device(1) });
  return all;
}

describe('a boot loader', () => {
  it('of ours or of the served files is an EFI application to UEFI', async (t) => {
    const all = await waiting(t);
    mkdirSync(join(all.filesDirectory, 'mine'));
    writeFileSync(join(all.filesDirectory, 'mine', 'ipxe.EFI'), 'own');
    writeFileSync(join(all.filesDirectory, 'mine', 'pxelinux.0'), 'bios');
    symlinkSync('/etc/passwd', join(all.filesDirectory, 'out.efi'));
    const get = (name: string) => all.call('GET', `/boot/loaders/${MAC}/${name}`, { token: '' });
    const own = await get('mine/ipxe.EFI');
    assert.deepEqual([own.status, own.text, own.headers.get('content-type')], [200, 'own', 'application/efi']);
    assert.equal((await get('mine/pxelinux.0')).headers.get('content-type'), 'application/octet-stream');
    for (const name of ['gone.efi', 'out.efi', '..%2fout.efi']) assert.equal((await get(name)).status, 404, name);
  });
});

describe('the script', () => {
  it('with a token is for the machine itself, and every time another one', async (t) => {
    const all = await waiting(t);
    all.neighbours.set('127.0.0.1', MAC);
    const { status, headers, text } = await script(all);
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.ok(text.startsWith('#!ipxe\n'));
    assert.ok(text.includes(`kernel --name vmlinuz ${all.url}/boot/${MAC}/vmlinuz `), text);
    assert.ok(text.includes(' quiet '));
    const tokens = new Set([await tokenFor(all, MAC), await tokenFor(all, MAC)]);
    assert.equal(tokens.size, 2);
    assert.deepEqual(new Set(reasons(all)), new Set(['answered workflow-waiting']));
  });

  it('is not for a neighbour that is another machine', async (t) => {
    const all = await waiting(t);
    all.neighbours.set('127.0.0.1', macOf(2));
    const { status, text, json } = await script(all);
    assert.equal(status, 403);
    assert.ok(!text.includes('tinsmith.token'));
    assert.match(json.detail, new RegExp(`127.0.0.1 is the address of ${macOf(2)}`));
    assert.deepEqual(reasons(all), ['refused not-this-machine']);
  });

  it('is for an address behind a router only when it is reserved, or DHCP has just answered the machine', async (t) => {
    const all = await waiting(t);
    assert.equal((await script(all)).status, 403);
    all.trace.note({
      mac: MAC,
      role: 'dhcp',
      what: 'DISCOVER',
      outcome: 'answered',
      reason: '',
      sentence: '',
      details: {},
    });
    assert.equal((await script(all)).status, 200);
    all.time.now += 31 * 60_000;
    assert.equal((await script(all)).status, 403);
  });

  it('is not for another address behind a router than the one that we have given', async (t) => {
    const all = await waiting(t);
    const details = { address: '10.9.9.9' };
    const answer = { mac: MAC, role: 'dhcp', what: 'REQUEST', outcome: 'answered', reason: '', sentence: '' } as const;
    all.trace.note({ ...answer, details });
    const { status, json } = await script(all);
    assert.equal(status, 403);
    assert.match(json.detail, /it was given 10\.9\.9\.9, and 127\.0\.0\.1 asks/);
  });

  it('is shown to the administrator without a token that works', async (t) => {
    const all = await waiting(t);
    const { status, text } = await all.call('GET', `/boot/${MAC}/auto.ipxe`);
    assert.equal(status, 200);
    assert.match(text, /tinsmith\.token=PREVIEW /);
    assert.equal(all.workerTokens.machineOf('PREVIEW'), undefined);
    assert.equal((await all.call('GET', `/boot/${MAC}/auto.ipxe`, { token: 'wrong' })).status, 403);
    const { json } = await all.call('GET', '/api/v1/preview/machine-1');
    assert.deepEqual([json.boot, json.reason], ['osie', 'workflow-waiting']);
    assert.match(json.script, /tinsmith\.token=PREVIEW /);
  });

  it('is there for none that boot nothing: strangers, no workflow, what is no MAC address', async (t) => {
    const all = await waiting(t);
    assert.equal((await script(all, macOf(9))).status, 404);
    assert.deepEqual(reasons(all, macOf(9)), ['ignored unknown-machine']);
    const { status, json } = await script(all, macOf(2));
    assert.deepEqual([status, /no workflow is defined for machine-2/.test(json.detail)], [404, true]);
    for (const mac of ['nonsense', '..', '52:54:00:00:00', '%00'])
      assert.equal((await script(all, mac)).status, 404, mac);
    assert.equal(all.trace.newest().length, 2, 'what is no MAC address is not remembered');
  });

  it('takes a MAC address with dashes and capitals', async (t) => {
    const all = await waiting(t);
    all.neighbours.set('127.0.0.1', MAC);
    assert.equal((await script(all, '52-54-00-00-00-01')).status, 200);
  });

  it('of the hardware data is handed out, without a token', async (t) => {
    const all = await waiting(t);
    await all.machines.push([
      hardware(3, { netboot: { ipxe: { contents: 'shell' } } }),
      hardware(4, { netboot: { ipxe: { url: 'http://x/menu' } } }),
    ]);
    assert.equal((await script(all, macOf(3))).text, '#!ipxe\nshell\n');
    assert.equal((await script(all, macOf(4))).text, '#!ipxe\nchain --autofree http://x/menu\n');
  });

  it('leaves an installed machine to its disk', async (t) => {
    const all = await waiting(t);
    const machine = all.machines.find('machine-2');
    const installed = { workflow: 'w', at: 0, disks: ['vda'] };
    await all.store.change((transaction) => transaction.put(`work/${machine.id}`, { queue: [], ended: 1, installed }));
    assert.match((await script(all, macOf(2))).text, /sanboot/);
  });

  it('is refused with what to do while there is no OSIE', async (t) => {
    const all = await waiting(t, { osie: false });
    all.neighbours.set('127.0.0.1', MAC);
    const { status, json } = await script(all);
    assert.deepEqual([status, json.code], [503, 'UNAVAILABLE']);
    assert.match(json.detail, /vmlinuz and .*initrd\.img are not there/);
    assert.match(json.next, /build:osie/);
    assert.deepEqual(reasons(all), ['refused no-osie']);
  });
});

describe('boot files', () => {
  /** The next entry that a sending leaves in the trace, which comes once the bytes have gone. */
  const sent = (all: Running): Promise<{ outcome: string; reason: string; sentence: string }> =>
    new Promise((resolve) => {
      const stop = all.trace.listen((entry) => {
        if (entry.role !== 'http') return;
        stop();
        resolve(entry);
      });
    });

  it('are sent whole, in parts, and by their head; the trace says which', async (t) => {
    const all = await waiting(t);
    let noted = sent(all);
    const whole = await all.call('GET', `/boot/${MAC}/vmlinuz`, { token: '' });
    assert.equal(whole.text, KERNEL.toString());
    assert.equal(whole.headers.get('content-length'), String(KERNEL.length));
    assert.match((await noted).sentence, new RegExp(`vmlinuz fetched whole: ${KERNEL.length} bytes`));
    noted = sent(all);
    const part = await all.call('GET', `/boot/${MAC}/vmlinuz`, { token: '', headers: { range: 'bytes=2-9' } });
    assert.deepEqual([part.status, part.text], [206, KERNEL.toString().slice(2, 10)]);
    assert.equal(part.headers.get('content-range'), `bytes 2-9/${KERNEL.length}`);
    await noted;
    noted = sent(all);
    const head = await all.call('HEAD', `/boot/${MAC}/vmlinuz`, { token: '' });
    assert.match((await noted).sentence, /^vmlinuz: only its size was asked for \(HEAD\)$/);
    assert.deepEqual([head.status, head.headers.get('content-length'), head.text], [200, String(KERNEL.length), '']);
    const etag = head.headers.get('etag') ?? assert.fail('no ETag');
    for (const [headers, status, sentence] of [
      [{ 'if-none-match': etag }, 304, /^vmlinuz has not changed since it was fetched$/],
      [{ range: 'bytes=99999999-' }, 416, /^vmlinuz was not given: HTTP status 416$/],
    ] as const) {
      noted = sent(all);
      const again = await all.call('GET', `/boot/${MAC}/vmlinuz`, { token: '', headers });
      assert.equal(again.status, status);
      assert.match((await noted).sentence, sentence);
    }
  });

  it('that are empty are fetched whole by GET, and not by HEAD', async (t) => {
    const all = await waiting(t);
    writeFileSync(join(all.filesDirectory, 'empty'), '');
    all.neighbours.set('127.0.0.1', MAC);
    // A query makes no other file of it, but has express asked.
    for (const [method, path, reason, sentence] of [
      ['GET', '/files/empty', 'sent', /^empty fetched whole: 0 bytes/],
      ['GET', '/files/empty?x', 'sent', /^empty fetched whole: 0 bytes/],
      ['HEAD', '/files/empty', 'size-only', /^empty: only its size was asked for/],
    ] as const) {
      const noted = sent(all);
      assert.equal((await all.call(method, path, { token: '' })).status, 200);
      const entry = await noted;
      assert.deepEqual([entry.outcome, entry.reason], ['completed', reason]);
      assert.match(entry.sentence, sentence);
    }
  });

  it('of the OSIE carry the executable as a cpio archive behind the initramfs', async (t) => {
    const all = await waiting(t);
    const { text, headers } = await all.call('GET', `/boot/${MAC}/initrd.img`, { token: '' });
    assert.ok(text.includes('070701') && text.includes('the executable') && text.includes('TRAILER!!!'));
    assert.ok(Number(headers.get('content-length')) > 5000);
    const worker = await all.call('GET', `/boot/${MAC}/worker.cpio`, { token: '' });
    assert.ok(worker.text.startsWith('070701'));
    assert.equal((await all.call('GET', `/boot/${macOf(9)}/vmlinuz`, { token: '' })).status, 404);
  });

  it('are loaders by name, with a MAC address or without', async (t) => {
    const all = await waiting(t);
    for (const path of ['/boot/loaders/snponly.efi', `/boot/loaders/${MAC}/snponly.efi`]) {
      const { text, headers } = await all.call('GET', path, { token: '' });
      assert.equal(text, 'loader snponly.efi');
      assert.equal(headers.get('content-type'), 'application/efi');
    }
    const { status, json } = await all.call('GET', '/boot/loaders/passwd', { token: '' });
    assert.equal(status, 404);
    assert.match(json.next, /snponly\.efi/);
  });

  it('are files of one directory, and no others', async (t) => {
    const all = await waiting(t);
    mkdirSync(join(all.filesDirectory, 'sub'));
    writeFileSync(join(all.filesDirectory, 'sub/image.raw'), 'raw');
    symlinkSync('/etc/passwd', join(all.filesDirectory, 'link'));
    all.neighbours.set('127.0.0.1', MAC);
    // A query makes no other file of it, but has express asked.
    for (const path of ['/files/sub/image.raw', '/files/sub/image.raw?x']) {
      const noted = sent(all);
      const { text, headers } = await all.call('GET', path, { token: '' });
      assert.deepEqual([text, headers.get('content-type')], ['raw', 'application/octet-stream']);
      assert.match((await noted).sentence, /^sub\/image\.raw fetched whole: 3 bytes/);
    }
    for (const path of [
      '/files/link',
      '/files/../token',
      '/files/..%2ftoken',
      '/files/%2e%2e/token',
      '/files/sub',
      '/files/sub%00',
      '/files/%2fetc%2fpasswd',
    ]) {
      const { status, text } = await all.call('GET', path, { token: '' });
      assert.equal(status, 404, path);
      assert.ok(!text.includes(all.adminToken) && !text.includes('root:'));
    }
  });
});

describe('an installed system', () => {
  const home = (all: Running, mac = MAC) => all.call('POST', `/phone-home/${mac}`, { token: '', body: '{}' });

  it('calls home from an address of its machine', async (t) => {
    const all = await waiting(t);
    assert.equal((await home(all)).status, 403);
    all.neighbours.set('127.0.0.1', macOf(2));
    assert.equal((await home(all)).status, 403);
    all.neighbours.set('127.0.0.1', MAC);
    assert.equal((await home(all)).status, 204);
    assert.deepEqual(reasons(all), ['refused not-this-machine', 'refused not-this-machine', 'completed system-heard']);
    assert.equal((await home(all, macOf(9))).status, 404);
    const kinds: string[] = [];
    for await (const { kind } of all.events.since(0)) kinds.push(kind);
    assert.equal(kinds.filter((kind) => kind === 'machine.called-home').length, 1);
  });
});
