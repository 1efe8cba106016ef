/**
 * A boot environment in Digital Rebar's writing whose files are in an ISO image made by Debian's programs: fetched by curl over
 * HTTP and TFTP, and by tftp-hpa, and compared with what xorriso and bsdtar take out of the image.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { macBehind } from '../../src/boots/asker.ts';
import { isoFiles, startTftp, bootFiles as tftpFiles } from '../../src/boots/tftp/index.ts';
import { running } from '../api/running.ts';
import { filesBelow, make, missing, sha256Of, tree } from '../boots/iso/made.ts';
import { macOf } from '../machines/examples.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { pushed } from '../workflows/made.ts';

const run = promisify(execFile);
const lacking = [missing, spawnSync('curl', ['-V']).error && 'curl is not installed'].filter(Boolean).join(', ');
const noTftp = spawnSync('tftp', ['-V']).error ? 'tftp-hpa is not installed' : false;

async function environment(t: TestContext, program: 'xorriso' | 'genisoimage', flags: string[]) {
  const all = await running(t, { environments: true });
  const directory = temporaryDirectory(t);
  const folder = join(directory, 'tree');
  const iso = join(directory, 'netinst.iso');
  tree(folder);
  make(program, iso, folder, flags);
  const machine = await pushed(all.machines, 1);
  const body = {
    Name: 'debian-install',
    OS: {
      Name: 'debian-12',
      IsoFile: 'netinst.iso',
      IsoSha256: await sha256Of(iso),
      IsoUrl: 'http://mirror/netinst.iso',
    },
    Kernel: 'install.amd/vmlinuz',
    Initrds: ['install.amd/initrd.gz'],
    BootParams: 'url={{.Env.PathFor "http" "README.TXT"}} repo={{.Env.InstallURL}} --- quiet',
    Loaders: { 'amd64-uefi': 'README.TXT' },
  };
  const put = await all.call('PUT', '/api/v1/content/bootenvs/debian-install', { body });
  assert.equal(put.status, 200, put.text);
  const placed = await all.call('POST', `/api/v1/machines/${machine.id}/bootenv`, {
    body: { bootEnv: 'debian-install' },
  });
  assert.equal(placed.status, 200, placed.text);
  const upload = () =>
    run('curl', [
      ...['-sS', '--fail-with-body', '-T', iso, '-H', `Authorization: Bearer ${all.adminToken}`],
      `${all.url}/api/v1/isos/netinst.iso`,
    ]);
  const isos = isoFiles({
    isos: all.services.isos,
    environments: all.environments,
    machineAt: (address) => all.machines.byMac(macBehind(all, all.machines, address)),
  });
  const tftp = await startTftp({
    addresses: ['127.0.0.1'],
    port: 0,
    files: tftpFiles(new Map(), all.filesDirectory, isos),
    log: all.services.log,
    note: () => {},
  });
  t.after(() => tftp.close());
  all.neighbours.set('127.0.0.1', macOf(1));
  return { ...all, directory, folder, iso, machine, upload, tftpPort: tftp.endpoints[0]?.port ?? 0 };
}

describe('a boot environment out of an ISO image', { skip: lacking || false }, () => {
  it('boots over HTTP and TFTP, once the image is there', async (t) => {
    const { call, upload, url, directory, folder, tftpPort, environments, machine } = await environment(t, 'xorriso', [
      '-r',
      '-J',
    ]);
    const script = () => call('GET', `/boot/${macOf(1)}/auto.ipxe`, { token: '' });
    const before = await script();
    assert.equal(before.status, 503);
    assert.match(
      before.json.detail,
      /netinst\.iso is not there: fetch it from http:\/\/mirror\/netinst\.iso, and .*tinsmith iso upload netinst\.iso/,
    );
    assert.equal(environments.loaderFor(machine, 'amd64-uefi'), undefined);
    await upload();
    assert.equal(environments.loaderFor(machine, 'amd64-uefi'), 'bootenvs/debian-install/README.TXT');
    const { text } = await script();
    const kernel = /^kernel --name vmlinuz (\S+) (.*) \|\| goto failed$/m.exec(text);
    const initrd = /^initrd --name initrd\.img (\S+) /m.exec(text)?.[1];
    assert.ok(kernel?.[1] && initrd, text);
    assert.match(
      kernel[2] ?? '',
      new RegExp(`url=${url}/bootenvs/debian-install/README.TXT repo=${url}/bootenvs/debian-install --- quiet`),
    );
    const fetched = async (from: string): Promise<Buffer> => {
      const out = join(directory, 'fetched');
      await run('curl', ['-sSf', '--tftp-blksize', '1468', '-o', out, from]);
      return readFileSync(out);
    };
    const tftpUrl = `tftp://127.0.0.1:${tftpPort}`;
    const expected = (path: string): Buffer => readFileSync(join(folder, path));
    for (const from of [
      kernel[1],
      `${tftpUrl}/isos/netinst.iso/install.amd/vmlinuz`,
      `${tftpUrl}/bootenvs/debian-install/vmlinuz`,
    ])
      assert.ok((await fetched(from)).equals(expected('install.amd/vmlinuz')), from);
    for (const from of [initrd, `${tftpUrl}/bootenvs/debian-install/install.amd/initrd.gz`])
      assert.ok((await fetched(from)).equals(expected('install.amd/initrd.gz')), from);
    assert.equal(String(await fetched(`${url}/bootenvs/debian-install/README.TXT`)), 'read me');
    await assert.rejects(fetched(`${tftpUrl}/isos/netinst.iso/none`));
    await assert.rejects(fetched(`${tftpUrl}/isos/netinst.iso/pool`));
  });

  it('is served file by file as xorriso and bsdtar extract it', async (t) => {
    for (const [program, flags] of [
      ['xorriso', ['-r', '-J', '-joliet-long']],
      ['genisoimage', ['-R', '-J', '-joliet-long']],
    ] as const) {
      const { upload, url, directory, iso } = await environment(t, program, [...flags]);
      await upload();
      const taken = join(directory, 'taken');
      mkdirSync(taken);
      if (program === 'xorriso')
        execFileSync('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', '/', taken], { stdio: 'pipe' });
      else execFileSync('bsdtar', ['-xf', iso, '-C', taken]);
      const files = filesBelow(taken).filter((file) => !file.startsWith('rr_moved'));
      assert.ok(files.length > 120);
      for (const file of files) {
        const path = file.split('/').map(encodeURIComponent).join('/');
        const answer = await fetch(`${url}/isos/netinst.iso/${path}`);
        assert.equal(answer.status, 200, file);
        assert.ok(Buffer.from(await answer.arrayBuffer()).equals(readFileSync(join(taken, file))), file);
      }
      execFileSync('chmod', ['-R', 'u+w', taken]);
    }
  });

  it('is fetched by tftp-hpa', { skip: noTftp }, async (t) => {
    const { upload, directory, folder, tftpPort } = await environment(t, 'xorriso', ['-r']);
    await upload();
    const out = join(directory, 'fetched');
    const get = `get bootenvs/debian-install/install.amd/initrd.gz ${out}`;
    await run('tftp', ['-4', '-m', 'binary', '127.0.0.1', String(tftpPort), '-c', ...get.split(' ')]);
    assert.ok(readFileSync(out).equals(readFileSync(join(folder, 'install.amd/initrd.gz'))));
  });
});
