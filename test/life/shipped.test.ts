/** The packs that are there from the start: taken, filled in, and their scripts run with programs of the test's own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { packToYaml, parsePack } from '../../src/content/index.ts';
import { TinsmithError } from '../../src/errors.ts';
import { readEmbedded } from '../../src/executable/embedded.ts';
import { type RenderContext, renderTask } from '../../src/life/render/index.ts';
import { SHIPPED, shippedPacks } from '../../src/life/shipped.ts';
import { HELPER } from '../../src/worker/jobs/helper-library.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { agent, made } from './made.ts';
import { contextOf, lifeOf, refusal } from './render/examples.ts';

describe('the packs that are shipped', () => {
  test('are those in assets/packs, usable, and have nothing in them that is not done', async (t) => {
    const files = readdirSync(new URL('../../assets/packs', import.meta.url));
    assert.deepEqual(files.sort(), SHIPPED.map((name) => `${name}.yaml`).sort());
    for (const [i, pack] of shippedPacks().entries()) {
      assert.deepEqual([pack.meta.name, pack.unsupported], [SHIPPED[i], []]);
      assert.notEqual(pack.meta.documentation, '');
      for (const each of [...pack.objects.tasks, ...pack.objects.stages, ...pack.objects.params])
        assert.notEqual(each.description, '', each.name);
      assert.deepEqual(parsePack(packToYaml(pack)).objects, pack.objects, 'they can be taken out, and in again');
    }
    const { content } = await made(t);
    assert.deepEqual(content.faults(), []);
    assert.deepEqual(
      content.packs().map(({ name, layer }) => [name, layer]),
      ['tinsmith', ...SHIPPED].map((name) => [name, 'builtin']),
    );
    assert.deepEqual(content.origin('stages', 'discover'), { layer: 'builtin', pack: 'discover' });
  });

  test('are not replaced as a whole; objects of a pack of another name take the place of theirs', async (t) => {
    const { content } = await made(t);
    const text = readEmbedded('packs/discover.yaml').toString();
    await assert.rejects(content.addPack(parsePack(text)), /pack discover is built in/);
    await content.addPack(
      parsePack(text.replace('name: discover', 'name: mine').replace(/description:.*/g, 'description: Mine')),
    );
    assert.deepEqual(
      [content.get('stages', 'discover').description, content.get('tasks', 'inventory').description],
      [...['Mine', 'Mine']],
    );
    assert.equal(content.origin('stages', 'discover')?.pack, 'mine');
    await content.removePack('mine');
    assert.notEqual(content.get('stages', 'discover').description, 'Mine');
  });

  test('make room for local objects, one by one; what is core does not', async (t) => {
    const { content } = await made(t);
    const { object, created } = await content.put('stages', { name: 'discover', description: 'Ours' });
    assert.deepEqual([object.tasks, created], [[], true]);
    assert.deepEqual(content.origin('stages', 'discover')?.layer, 'local');
    await assert.rejects(content.put('stages', { name: 'local' }), /stage local is in the built-in pack tinsmith/i);
    await content.delete('stages', 'discover');
    assert.deepEqual(content.get('stages', 'discover').tasks, ['inventory']);
    await assert.rejects(content.delete('stages', 'discover'), /is of the built-in pack discover/);
  });

  test('lead a machine from its discovery to its own system', async (t) => {
    const parts = await made(t);
    const { run, machine } = await agent(parts, 1, { bootEnv: 'osie' });
    await parts.lives.setParams(machine.id, { set: { 'image/url': 'debian-12.img.zst' } });
    await parts.lives.setProfiles(machine.id, ['image-install']);
    await parts.lives.setStage(machine.id, { stage: 'discover' });
    const ran: string[] = [];
    for (let i = 0; i < 5; i++) ran.push((await run()).task ?? '');
    assert.deepEqual(ran, ['inventory', 'wipe-disks', 'image-install', 'grow-root', 'install-agent']);
    const { stage, bootEnv, halt } = parts.lives.get(machine.id);
    assert.deepEqual([stage, bootEnv, halt?.why], ['local', 'local', 'reboot']);
  });
});

/** Fills in a Task of the packs for machine 1 with these params. */
async function filledIn(t: TestContext, task: string, params: Record<string, unknown> = {}) {
  const { content } = await made(t);
  const catalogue = content.catalogue();
  const found = content.get('tasks', task);
  const context: RenderContext = contextOf({ catalogue, life: lifeOf({ params }), task: found });
  return renderTask(found, context);
}

/** Shells as machines have them: Debian's, and the in-memory system's. */
const SHELLS = [['/bin/sh'], ...(existsSync('/usr/bin/busybox') ? [['/usr/bin/busybox', 'sh']] : [])];

const RECORDING = `#!/bin/sh
echo "$(basename "$0") $*" >>"$FAKE/calls"
`;

/** Runs a Task's steps as a worker does, with these programs in PATH; `tinsmith` is one of them. */
async function ran(
  t: TestContext,
  task: string,
  {
    params = {},
    programs = {},
    shell = ['/bin/sh'],
  }: { params?: Record<string, unknown>; programs?: Record<string, string>; shell?: readonly string[] },
) {
  const { steps, secrets } = await filledIn(t, task, params);
  const directory = temporaryDirectory(t);
  const [fake, folder] = ['fake', 'task'].map((name) => join(directory, name));
  assert.ok(fake && folder);
  for (const each of [fake, folder, join(fake, 'bin')]) mkdirSync(each);
  writeFileSync(join(folder, 'helper'), HELPER);
  const all = { tinsmith: '', lsblk: '', mount: '', umount: '', ...programs };
  for (const [name, body] of Object.entries(all)) {
    writeFileSync(join(fake, 'bin', name), `${RECORDING}${body}\n`);
    chmodSync(join(fake, 'bin', name), 0o755);
  }
  let ended = { status: 0 as number | null, stdout: '', stderr: '' };
  for (const { name, path, content = '' } of steps) {
    writeFileSync(join(folder, path ?? name), content);
    if (path !== undefined || ended.status !== 0) continue;
    const [program = '', ...words] = [...shell, `./${name}`];
    const env = {
      PATH: `${join(fake, 'bin')}:${process.env.PATH}`,
      ...{ FAKE: fake, RS_TASK_DIR: folder, RS_ENDPOINT: 'http://10.0.0.1:8080', RS_TOKEN: 'boot-token' },
      RS_TINSMITH: join(fake, 'bin', 'tinsmith'),
    };
    ended = spawnSync(program, words, { cwd: folder, env, encoding: 'utf8' });
  }
  const file = (name: string): string => (existsSync(join(fake, name)) ? readFileSync(join(fake, name), 'utf8') : '');
  return { ...ended, secrets, calls: file('calls').split('\n').filter(Boolean), file, folder };
}

/** The two disks of a machine, as `lsblk` tells of them, and what is no disk to be installed on. */
const lsblk = (...disks: string[]): string => `case $1 in
  -dnbo) printf '%s\\n' ${disks.map((disk) => `'${disk}'`).join(' ')} ;;
  -lnpo) printf '%s\\n' "$3 disk" "$3"1' part' "$3"2' part' "$3"3' part' ;;
esac`;
const OTHERS = ['sdz disk 1 0 800', 'loop0 loop 0 1 90', 'mmcblk0boot0 disk 0 1 4', 'nbd0 disk 0 0 0', 'sr0 rom 1 0 9'];
const SDA = 'sda    disk  0  0 1000204886016';
const NVME = 'nvme0n1 disk 0 0 500107862016';

for (const shell of SHELLS) {
  describe(`the scripts of the packs, run by ${shell.join(' ')}`, () => {
    test('discover: the inventory becomes a param', async (t) => {
      const tinsmith = `case "$*" in
  'inventory -o json') echo '{"system":{}}' ;;
  'worker param set inventory -') cat >"$FAKE/param" ;;
esac`;
      const { status, calls, file, stderr } = await ran(t, 'inventory', { programs: { tinsmith }, shell });
      assert.equal(status, 0, stderr);
      assert.equal(file('param'), '{"system":{}}\n');
      assert.deepEqual(calls, [
        ...['tinsmith inventory -o json', 'tinsmith worker param set inventory -', 'tinsmith inventory'],
      ]);
    });

    test('discover: fails as a whole, and never by a word about the machine', async (t) => {
      // Exit codes that would be "restart" and "power off".
      for (const code of [64, 32]) {
        const { status, calls } = await ran(t, 'inventory', { programs: { tinsmith: `exit ${code}` }, shell });
        assert.deepEqual([status, calls.length], [70, 1]);
      }
    });

    const WIPED = `case $1 in
  action) echo "$WIPE_MODE|$DEST_DISKS|$WIPE_RECORD" >"$FAKE/asked"; echo '{"disks":{}}' >"$WIPE_RECORD" ;;
  worker) cat >"$FAKE/$4" 2>/dev/null || cat >"$FAKE/record" ;;
esac`;

    test('wipe: all disks for good by default, and the record becomes a param', async (t) => {
      const { status, calls, file, folder, stderr } = await ran(t, 'wipe-disks', {
        programs: { tinsmith: WIPED },
        shell,
      });
      assert.equal(status, 0, stderr);
      assert.deepEqual(calls, ['tinsmith action wipe', 'tinsmith worker param set wipe/record -']);
      assert.equal(file('asked'), `secure| all|${folder}/record.json\n`);
      assert.equal(file('record'), '{"disks":{}}\n');
    });

    test('wipe: those disks that are named, in the mode that is', async (t) => {
      const params = { 'wipe/mode': 'quick', 'wipe/disks': ['sda', '/dev/disk/by-id/x'] };
      const { file } = await ran(t, 'wipe-disks', { params, programs: { tinsmith: WIPED }, shell });
      assert.match(file('asked'), /^quick\| \/dev\/sda \/dev\/disk\/by-id\/x\|/);
    });

    test('wipe: the record is kept of what has failed, too; and the Job has failed', async (t) => {
      for (const code of [1, 64, 143]) {
        const tinsmith = `${WIPED}\n[ "$1" = worker ] || exit ${code}`;
        const { status, file } = await ran(t, 'wipe-disks', { programs: { tinsmith }, shell });
        assert.deepEqual([status, file('record')], [1, '{"disks":{}}\n']);
      }
      const lost = `${WIPED}\n[ "$1" = action ] || exit 65`;
      assert.equal((await ran(t, 'wipe-disks', { programs: { tinsmith: lost }, shell })).status, 1);
    });

    const ASKED = 'echo "$IMG_URL|$DEST_DISK|$CHECKSUM" >"$FAKE/asked"';

    test('image-install: a file of the appliance, on the only disk', async (t) => {
      const { status, calls, file, stderr } = await ran(t, 'image-install', {
        ...{ params: { 'image/url': 'debian-12.img.zst' }, shell },
        programs: { tinsmith: ASKED, lsblk: lsblk(...OTHERS, SDA) },
      });
      assert.equal(status, 0, stderr);
      assert.equal(calls.at(-1), 'tinsmith action image2disk');
      assert.equal(file('asked'), 'http://10.0.0.1:8080/files/debian-12.img.zst|/dev/sda|\n');
    });

    test('image-install: a URL with all that a shell could trip over, filled in, on the disk that is named', async (t) => {
      const checksum = `sha256:${'0a'.repeat(32)}`;
      const url = `http://images.example/it's $(id) {{ .Machine.Name }}`;
      const { status, file } = await ran(t, 'image-install', {
        params: { 'image/url': url, 'image/disk': 'nvme0n1', 'image/checksum': checksum },
        ...{ programs: { tinsmith: ASKED }, shell },
      });
      assert.equal(status, 0);
      const wanted = `http://images.example/it's $(id) m1.example.org|/dev/nvme0n1|${checksum}\n`;
      assert.equal(file('asked'), wanted);
    });

    test('image-install: on none where there are several, or none', async (t) => {
      const params = { 'image/url': 'x' };
      const several = await ran(t, 'image-install', {
        params,
        programs: { lsblk: lsblk(SDA, ...OTHERS, NVME) },
        shell,
      });
      assert.equal(several.status, 1);
      assert.match(several.stderr, /has 2 disks that are not removable: \/dev\/sda \/dev\/nvme0n1\. Say which/);
      assert.deepEqual(several.calls, ['lsblk -dnbo NAME,TYPE,RM,RO,SIZE']);
      const none = await ran(t, 'image-install', { params, programs: { lsblk: lsblk(...OTHERS) }, shell });
      assert.match(none.stderr, /has 0 disks that are not removable\. Say which/);
    });

    /** Mounts, in place of a partition, what a test says is on it. */
    const disks = (system: string) => ({
      lsblk: lsblk(NVME),
      mount: `for last; do :; done
case "$*" in
  *'${system}'*) mkdir -p "$last/etc" && ln -sf /nowhere "$last/etc/os-release" ;;
  *1' '*) exit 32 ;;
esac`,
      umount: 'rm -rf "$1"/*',
      tinsmith: 'echo "$TINSMITH_SERVER|$TINSMITH_TOKEN|$TINSMITH_ID" >"$FAKE/asked"',
    });

    /** A disk with a partition table and a root of these kinds. */
    const growing = (table: string, type: string) => ({
      ...disks('none'),
      blkid: `case $4 in PTTYPE) echo ${table} ;; TYPE) echo ${type} ;; esac`,
      sfdisk: 'cat >"$FAKE/asked"',
      ...{ sgdisk: '', partx: '', e2fsck: 'exit 1', resize2fs: '' },
    });
    const changing = /^(sgdisk|sfdisk|partx|e2fsck|resize2fs) /;

    test('grow-root: partition and file system are made as large as the disk lets them be', async (t) => {
      const programs = growing('gpt', 'ext4');
      const { status, calls, file, stderr } = await ran(t, 'grow-root', {
        ...{ params: { 'image/partition': 3 }, programs, shell },
      });
      assert.equal(status, 0, stderr);
      assert.deepEqual(
        calls.filter((call) => changing.test(call)),
        [
          'sgdisk -e /dev/nvme0n1',
          'sfdisk --no-reread --force -N 3 /dev/nvme0n1',
          'partx -u /dev/nvme0n1',
          'e2fsck -f -p /dev/nvme0n1p3',
          'resize2fs /dev/nvme0n1p3',
        ],
      );
      assert.equal(file('asked'), ', +\n');
    });

    test('grow-root: other tables and file systems as far as that goes', async (t) => {
      const programs = growing('dos', 'xfs');
      const params = { 'image/partition': 2, 'image/disk': 'sda' };
      const { status, calls } = await ran(t, 'grow-root', { params, programs, shell });
      assert.equal(status, 0);
      assert.deepEqual(
        calls.filter((call) => changing.test(call)),
        ['sfdisk --no-reread --force -N 2 /dev/sda', 'partx -u /dev/sda'],
      );
    });

    test('grow-root: nothing is changed where nobody wants it, or the system is on the whole disk', async (t) => {
      for (const params of [{ 'image/grow': false }, { 'image/disk': '/dev/loop0', 'image/partition': '/dev/loop0' }]) {
        const { status, calls, stderr } = await ran(t, 'grow-root', {
          ...{ params, programs: growing('gpt', 'ext4'), shell },
        });
        assert.equal(status, 0, stderr);
        assert.deepEqual(
          calls.filter((call) => changing.test(call)),
          [],
        );
      }
    });

    test('grow-root: a file system that cannot be mended fails it', async (t) => {
      const programs = { ...growing('gpt', 'ext4'), e2fsck: 'exit 4' };
      const { status, calls } = await ran(t, 'grow-root', { params: { 'image/partition': 3 }, programs, shell });
      assert.notEqual(status, 0);
      assert.ok(!calls.some((call) => call.startsWith('resize2fs')));
    });

    test('install-agent: in the partition that has a system, with a token of the machine', async (t) => {
      const { status, calls, file, secrets, folder, stderr } = await ran(t, 'install-agent', {
        ...{ programs: disks('/dev/nvme0n13'), shell },
      });
      assert.equal(status, 0, stderr);
      const root = `${folder}/root`;
      assert.deepEqual(calls.slice(2), [
        ...[`mount -o ro /dev/nvme0n11 ${root}`, `mount -o ro /dev/nvme0n12 ${root}`, `umount ${root}`],
        ...[`mount -o ro /dev/nvme0n13 ${root}`, `umount ${root}`, `mount /dev/nvme0n13 ${root}`],
        ...[`tinsmith worker install --root ${root} --boot-env local`, `umount ${root}`],
      ]);
      assert.equal(file('asked'), 'http://10.0.0.1:8080|token-of-infinite|52:54:00:00:00:01\n');
      assert.deepEqual(secrets, ['token-of-infinite']);
    });

    test('install-agent: in the one that is named', async (t) => {
      for (const [params, wanted] of [
        [{ 'image/partition': 2, 'image/disk': 'sda' }, '/dev/sda2'],
        [{ 'image/partition': '2' }, '/dev/nvme0n1p2'],
        [{ 'image/partition': '/dev/sdb7' }, '/dev/sdb7'],
      ] as const) {
        const { status, calls, folder, stderr } = await ran(t, 'install-agent', {
          params,
          programs: disks('none'),
          shell,
        });
        assert.equal(status, 0, stderr);
        assert.ok(calls.includes(`mount ${wanted} ${folder}/root`), calls.join('\n'));
      }
    });

    test('install-agent: in none where none has a system; and what was mounted is not left so', async (t) => {
      const none = await ran(t, 'install-agent', { programs: disks('none'), shell });
      assert.equal(none.status, 1);
      assert.match(none.stderr, /No partition of \/dev\/nvme0n1 has a system on it/);
      const failing = { ...disks('/dev/nvme0n12'), tinsmith: 'exit 64' };
      const { status, calls } = await ran(t, 'install-agent', { programs: failing, shell });
      assert.equal(status, 70);
      assert.match(calls.at(-1) ?? '', /^umount /);
    });
  });
}

describe('params of the packs', () => {
  test('refuse what would not do', async (t) => {
    const parts = await made(t);
    const { machine } = await agent(parts, 1);
    const set = (params: Record<string, unknown>) => parts.lives.setParams(machine.id, { set: params });
    for (const [name, ...values] of [
      ['wipe/mode', 'rub', 1],
      ['wipe/disks', [], 'sda', ["sda'; reboot"], ['sd a'], ['$(x)']],
      ['image/disk', "a'b", ''],
      ['image/partition', 0, 'sda1', "1'"],
      ['image/checksum', 'md5:00', 'sha256:00'],
    ] as const)
      for (const value of values)
        await assert.rejects(set({ [name]: value }), TinsmithError, `${name}: ${JSON.stringify(value)}`);
    await set({ 'wipe/disks': ['nvme0n1', '/dev/sda'], 'image/partition': 3, 'wipe/record': {}, inventory: {} });
  });

  test('that an image needs are asked for', async () => {
    const [pack] = shippedPacks().filter(({ meta }) => meta.name === 'image-install');
    const task = pack?.objects.tasks.find(({ name }) => name === 'image-install');
    assert.ok(task);
    assert.match(refusal(() => renderTask(task, contextOf({ task }))).message, /needs param image\/url/);
  });
});
