/** What a machine boots in a boot environment, and the texts that it is given there, through the real servers. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bootFiles, textFiles } from '../../src/boots/tftp/index.ts';
import { TinsmithError } from '../../src/errors.ts';
import { idOf, macOf } from '../machines/examples.ts';
import { ADMINISTRATOR, type Booting, booting } from './booting.ts';
import { type Served, serve, fetch as tftp } from './tftp/served.ts';

const auto = (n: number): string => `/boot/${macOf(n)}/auto.ipxe`;
const faulty = (): never => {
  throw new TinsmithError('INVALID_INPUT', 'line 3, column 5 of the template "seed": no value for "x"');
};

describe('the script of a boot environment', () => {
  it('starts its kernel, with the arguments of the worker before its own, and is for the machine itself', async (t) => {
    const all = await booting(t);
    const { status, text, headers } = await all.get(1, auto(1));
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    const line =
      `kernel --name vmlinuz ${all.url}/bootenvs/debian/linux initrd=initrd.img BOOTIF=01-\${netX/mac:hexhyp} ` +
      `tinsmith.server=${all.url} tinsmith.id=${macOf(1)} tinsmith.token=token-1 tinsmith.boot-env=debian console=ttyS1 quiet`;
    assert.ok(text.includes(`${line} || goto failed\n`), text);
    assert.ok(text.includes(`initrd --name initrd.img ${all.url}/bootenvs/debian/initrd.gz || goto failed\n`), text);
    assert.equal(all.issued.get('token-1'), idOf(1));
    assert.equal((await all.get(2, auto(1))).status, 403);
    assert.deepEqual(all.reasons(1), ['answered boot-environment', 'refused not-this-machine']);
    assert.equal(all.trace.of(macOf(1))[0]?.details.environment, 'debian');
    assert.equal(all.issued.size, 1, 'no token for a stranger');
  });

  it('is its own where it has one, with a token only where that is in it', async (t) => {
    const all = await booting(t);
    all.said.boot = ({ name }) => ({ ipxe: `echo ${name}` });
    assert.equal((await all.get(1, auto(1))).text, '#!ipxe\necho machine-1\n');
    assert.equal(all.issued.size, 0);
    all.said.boot = (_, { token }) => ({ ipxe: `#!ipxe\necho ${token()}\n` });
    assert.equal((await all.get(1, auto(1))).text, '#!ipxe\necho token-1\n');
  });

  it('is shown to the administrator, and answered to HEAD, without a token', async (t) => {
    const all = await booting(t);
    const { text } = await all.get(9, auto(1), { headers: { authorization: ADMINISTRATOR } });
    assert.match(text, / tinsmith\.token=PREVIEW /);
    assert.equal((await all.get(1, auto(1), { method: 'HEAD' })).status, 200);
    assert.equal(all.issued.size, 0);
  });

  it('is refused with the reason where files are missing, or a template cannot be filled in', async (t) => {
    const all = await booting(t);
    all.said.boot = () => ({ kernel: 'http://x/linux', initrds: [], bootParams: '', unusable: ['the kernel is gone'] });
    const missing = await all.get(1, auto(1));
    assert.equal(missing.status, 503);
    assert.match(missing.text, /machine-1 cannot boot its environment debian: the kernel is gone\./i);
    all.said.boot = faulty;
    const wrong = await all.get(1, auto(1));
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /line 3, column 5/);
    assert.deepEqual(all.reasons(1), ['refused no-environment', 'refused template']);
    assert.equal(all.issued.size, 0);
  });

  it('is none in environment ignore, the disk in local', async (t) => {
    const all = await booting(t);
    all.said.lives.set(idOf(1), { bootEnv: 'ignore' });
    assert.equal((await all.get(1, auto(1))).status, 404);
    all.said.lives.set(idOf(1), { bootEnv: 'local' });
    assert.match((await all.get(1, auto(1))).text, /sanboot/);
    assert.deepEqual(all.reasons(1), ['ignored boot-environment', 'answered boot-environment']);
  });
});

describe('files of boot environments', () => {
  it('are below their folder, and nothing else is', async (t) => {
    const all = await booting(t);
    mkdirSync(join(all.filesDirectory, 'bootenvs/debian 12'), { recursive: true });
    writeFileSync(join(all.filesDirectory, 'bootenvs/debian 12/linux'), 'kernel');
    writeFileSync(join(all.filesDirectory, 'other'), 'other');
    symlinkSync('/etc/passwd', join(all.filesDirectory, 'bootenvs/link'));
    const found = await all.get(3, '/bootenvs/debian%2012/linux');
    assert.deepEqual([found.status, found.text], [200, 'kernel']);
    assert.equal(found.headers.get('content-type'), 'application/octet-stream');
    for (const path of ['link', '..%2fother', '%2e%2e/other', 'debian%2012', 'nothing', '%2fetc%2fpasswd']) {
      const { status, text } = await all.get(3, `/bootenvs/${path}`);
      assert.equal(status, 404, path);
      assert.ok(!text.includes('root:') && text !== 'other');
    }
    assert.match((await all.get(1, '/bootenvs/nothing')).text, /there is no such file/);
  });
});

/** Texts of the test's environment: at `machines/<uuid>/seed`, `pxelinux.cfg/01-<mac>` and `answers`. */
function withTexts(all: Booting): void {
  all.said.text = ({ id, name, hardware }, path, { server, token }) => {
    const mac = hardware.network.interfaces[0]?.dhcp.mac.replaceAll(':', '-');
    if ([`machines/${id}/seed`, 'answers', `pxelinux.cfg/01-${mac}`].includes(path)) return `${path} for ${name}\n`;
    if (path === `machines/${id}/start`) return `${server} ${token()}`;
    if (path === `machines/${id}/wrong`) return faulty();
    if (path === `machines/${id}/large`) return 'x'.repeat((1 << 20) + 1);
    return undefined;
  };
}

describe('texts over HTTP', () => {
  it('are each machine its own, and nobody else gets them', async (t) => {
    const all = await booting(t);
    withTexts(all);
    for (const n of [1, 2]) {
      const seed = await all.get(n, `/machines/${idOf(n)}/seed`);
      assert.deepEqual([seed.status, seed.text], [200, `machines/${idOf(n)}/seed for machine-${n}\n`]);
      assert.equal(seed.headers.get('cache-control'), 'no-store');
      assert.equal((await all.get(n, '/answers')).text, `answers for machine-${n}\n`);
      const name = `pxelinux.cfg/01-${macOf(n).replaceAll(':', '-')}`;
      assert.equal((await all.get(n, `/${name}`)).text, `${name} for machine-${n}\n`);
    }
    for (const n of [2, 3, 9]) {
      const { status, text } = await all.get(n, `/machines/${idOf(1)}/seed`);
      assert.equal(status, 403);
      assert.match(text, new RegExp(`127.0.0.1 is the address of ${macOf(n)}`));
      assert.equal((await all.get(n, `/pxelinux.cfg/01-${macOf(1).replaceAll(':', '-')}`)).status, 403);
    }
    assert.ok(all.reasons(1).includes('refused not-this-machine'));
    for (const n of [3, 9]) assert.equal((await all.get(n, '/answers')).text, '{"detail":"nothing at all"}');
    assert.equal((await all.get(3, `/machines/${idOf(3)}/seed`)).status, 404, 'is in no stage');
    assert.equal((await all.get(3, `/machines/${idOf(9)}/seed`)).status, 404);
  });

  it('are gone with the environment', async (t) => {
    const all = await booting(t);
    withTexts(all);
    assert.equal((await all.get(1, '/answers')).status, 200);
    all.said.lives.delete(idOf(1));
    assert.equal((await all.get(1, '/answers')).status, 404);
  });

  it('have the token of the boot in them, and none for those who only look', async (t) => {
    const all = await booting(t);
    withTexts(all);
    const path = `/machines/${idOf(1)}/start`;
    const shown = await all.get(9, path, { headers: { authorization: ADMINISTRATOR } });
    assert.equal(shown.text, `${all.url} PREVIEW`);
    assert.equal((await all.get(1, path, { method: 'HEAD' })).status, 200);
    assert.equal(all.issued.size, 0);
    await all.get(1, auto(1));
    for (let i = 0; i < 3; i++) assert.equal((await all.get(1, path)).text, `${all.url} token-1`);
    all.issued.set('token-1', 'opens nothing any more');
    assert.equal((await all.get(1, path)).text, `${all.url} token-2`);
  });

  it('that cannot be filled in, are too large or not there say why, and the trace does', async (t) => {
    const all = await booting(t);
    withTexts(all);
    const wrong = await all.get(1, `/machines/${idOf(1)}/wrong`);
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /line 3, column 5 of the template \\"seed\\"/);
    assert.match((await all.get(1, `/machines/${idOf(1)}/large`)).text, /has 1048577 bytes once it is filled in/);
    const none = await all.get(1, `/machines/${idOf(1)}/none`);
    assert.equal(none.status, 404);
    assert.match(none.text, /machine-1 has no text machines\/.*\/none in stage install and boot environment debian/);
    assert.deepEqual(all.reasons(1), ['refused template', 'refused template', 'refused no-such-text']);
  });
});

describe('texts over TFTP', () => {
  /** The test's machine 1 is the client. */
  async function served(all: Booting): Promise<Served> {
    all.neighbours.set('127.0.0.1', macOf(1));
    const texts = textFiles(all.texts, (address) => `http://to-${address}`);
    return serve(bootFiles(new Map([['ipxe.efi', Buffer.from('loader')]]), all.filesDirectory, texts));
  }

  it('are the same, below the folders that loaders ask in, and after files', async (t) => {
    const all = await booting(t);
    withTexts(all);
    const { port, close } = await served(all);
    t.after(close);
    const get = async (name: string): Promise<string> => (await tftp(port, name)).toString();
    const mac = macOf(1).replaceAll(':', '-');
    const own = `pxelinux.cfg/01-${mac} for machine-1\n`;
    assert.equal(await get(`pxelinux.cfg/01-${mac}`), own);
    assert.equal(await get(`/${macOf(1)}/pxelinux.cfg/01-${mac}`), own);
    assert.equal(await get(`/bootenvs/debian/pxelinux.cfg/01-${mac}`), own);
    assert.equal(await get(`machines/${idOf(1)}/seed`), `machines/${idOf(1)}/seed for machine-1\n`);
    assert.equal(await get(`machines/${idOf(1)}/start`), 'http://to-127.0.0.1 token-1');
    assert.equal(await get('ipxe.efi'), 'loader');
    writeFileSync(join(all.filesDirectory, 'answers'), 'of all');
    assert.equal(await get('answers'), 'of all');
    // What is no name of a file is none of a text either.
    all.said.text = () => 'any';
    await assert.rejects(get('../answers'), /ERROR 2 Access violation: bad file name/);
  });

  it('are refused to others, and where they cannot be filled in, with an ERROR that says so', async (t) => {
    const all = await booting(t);
    withTexts(all);
    const { port, close, notes } = await served(all);
    t.after(close);
    await assert.rejects(tftp(port, `machines/${idOf(2)}/seed`), /ERROR 2 Access violation: not allowed/);
    assert.equal((await notes.take()).reason, 'not-allowed');
    await assert.rejects(tftp(port, `machines/${idOf(1)}/wrong`), /ERROR 0 line 3, column 5 of the template "seed"/);
    const { outcome, reason, sentence } = await notes.take();
    assert.deepEqual([outcome, reason], ['refused', 'template']);
    assert.match(sentence, /no value for "x"/);
    for (const name of ['nothing', `machines/${idOf(1)}/none`, `/${macOf(1)}/none`, `machines/${idOf(9)}/seed`])
      await assert.rejects(tftp(port, name), /ERROR 1 File not found/, name);
    all.neighbours.delete('127.0.0.1');
    await assert.rejects(tftp(port, 'answers'), /ERROR 1/, 'nobody knows who asks');
    await assert.rejects(tftp(port, `machines/${idOf(1)}/seed`), /ERROR 2/);
  });
});
