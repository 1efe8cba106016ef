/** What a machine is served of its stage and its boot environment, filled in by the real templates. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Environments } from '../../src/boots/environments.ts';
import { bootEnv, type Catalogue, profile, SECTIONS, SHAPES, stage } from '../../src/content/objects.ts';
import { EnvironmentFiles } from '../../src/life/environment-files.ts';
import { type Life, NO_LIFE } from '../../src/life/record.ts';
import { isSealed, newKeyPair, seal } from '../../src/life/seal.ts';
import { hasScript, Served } from '../../src/life/served.ts';
import { parseHardware } from '../../src/machines/hardware.ts';
import type { Machine } from '../../src/machines/machines.ts';
import { hardware, idOf, macOf } from '../machines/examples.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { SILENT } from './render/examples.ts';

const filling = { server: 'http://10.0.0.1:8080', token: () => 'TOKEN' };

function machine(n: number, arch?: string): Machine {
  const made = hardware(n, { hostname: `machine-${n}`, ip: `10.0.0.${n + 10}` });
  const interfaces = made.network.interfaces.map(({ dhcp }) => ({ dhcp: { ...dhcp, ...(arch && { arch }) } }));
  return {
    id: idOf(n),
    name: `machine-${n}`,
    hardware: parseHardware({ ...made, network: { interfaces } }),
    createdAt: 0,
    updatedAt: 0,
  };
}

const DEBIAN = {
  name: 'debian',
  os: {
    name: 'debian-12',
    isoUrl: 'http://mirror/debian.iso',
    supportedArchitectures: { arm64: { kernel: 'arm/linux', isoUrl: 'http://mirror/arm.iso', loader: 'grubaa64.efi' } },
  },
  kernel: 'install/linux',
  initrds: ['install/initrd gz', 'https://mirror/extra.gz'],
  bootParams: 'host={{.Machine.Name}} url={{.Machine.Url}}/seed',
  loaders: { 'amd64-uefi': 'grubx64.efi' },
  templates: [
    { name: 'seed', path: '{{.Machine.Path}}/seed', contents: 'd-i {{.Param "disk"}} {{template "part" .}}' },
    { name: 'part', path: '{{.Env.Name}}/part', contents: 'of {{.Machine.Name}}' },
    { name: 'pxelinux', path: '/pxelinux.cfg/{{.Machine.MacAddr "pxelinux"}}', id: 'pxelinux.tmpl' },
    { name: 'start', path: '{{.Machine.Path}}/start', contents: '{{.ProvisionerURL}} {{.GenerateToken}}' },
    { name: 'broken', path: '{{.Machine.Path}}/broken', contents: 'one\ntwo {{.Param "none"}}' },
    { name: 'nothing', path: 'nothing', id: 'gone.tmpl' },
  ],
};

interface Given {
  env?: object;
  stages?: object[];
  lives?: Record<string, Partial<Life>>;
}

function made(t: TestContext, { env = DEBIAN, stages = [], lives = {} }: Given = {}) {
  const catalogue: Catalogue = {
    ...(Object.fromEntries(SECTIONS.map((section) => [section, new Map()])) as unknown as Catalogue),
    bootenvs: new Map([['debian', bootEnv.parse(env)]]),
    stages: new Map(stages.map((each) => [stage.parse(each).name, stage.parse(each)])),
    profiles: new Map([['global', profile.parse({ name: 'global', params: { disk: 'sda' } })]]),
    templates: new Map([
      ['pxelinux.tmpl', SHAPES.templates.parse({ id: 'pxelinux.tmpl', contents: 'KERNEL {{.Env.Kernel}}' })],
    ]),
  };
  const records: Record<string, Life> = {};
  for (const n of [1, 2]) records[`life/${idOf(n)}`] = { ...NO_LIFE, bootEnv: 'debian', ...lives[idOf(n)] };
  const filesDirectory = temporaryDirectory(t);
  const served = new Served({
    store: { get: <T>(key: string) => records[key] as T | undefined },
    catalogue: () => catalogue,
    files: new EnvironmentFiles({ directory: filesDirectory }),
    processors: SILENT,
    open: (value) => (isSealed(value) ? 'hunter22' : assert.fail('is not sealed')),
  });
  // What booting needs, it is.
  const environments: Environments = served;
  const file = (path: string): void => {
    mkdirSync(dirname(join(filesDirectory, path)), { recursive: true });
    writeFileSync(join(filesDirectory, path), '');
  };
  return { environments, filesDirectory, file, records };
}

describe('secure params', () => {
  const word = seal(newKeyPair().publicKey, 'hunter22');
  const env = {
    name: 'debian',
    kernel: 'linux',
    bootParams: 'quiet',
    templates: [{ name: 'seed', path: '{{.Machine.Path}}/seed', contents: 'password {{.Param "word"}}' }],
  };
  const lives = { [idOf(1)]: { params: { word } } };

  it('are in the files of a machine, and masked for those who only look', (t) => {
    const { environments } = made(t, { env, lives });
    const path = `machines/${idOf(1)}/seed`;
    assert.equal(environments.textOf(machine(1), path, filling), 'password hunter22');
    assert.equal(environments.textOf(machine(1), path, { ...filling, preview: true }), 'password ********');
  });

  it('are in no kernel arguments and no boot script', (t) => {
    for (const more of [
      { bootParams: 'x={{.Param "word"}}' },
      { templates: [{ name: 'ipxe', path: 'x.ipxe', contents: 'echo {{.Param "word"}}' }] },
    ]) {
      const { environments } = made(t, { env: { ...env, ...more }, lives });
      assert.throws(() => environments.bootOf(machine(1), filling), /the param is secure.*kernel arguments/);
    }
  });
});

describe('what an environment boots', () => {
  it('are URLs below its files, or elsewhere, and arguments filled in', (t) => {
    const { environments, filesDirectory, file } = made(t);
    const boots = environments.bootOf(machine(1), filling);
    assert.deepEqual(boots, {
      kernel: 'http://10.0.0.1:8080/bootenvs/debian/install/linux',
      initrds: ['http://10.0.0.1:8080/bootenvs/debian/install/initrd%20gz', 'https://mirror/extra.gz'],
      bootParams: `host=machine-1 url=http://10.0.0.1:8080/machines/${idOf(1)}/seed`,
      unusable: [
        `the kernel of boot environment debian is not there, as ${filesDirectory}/bootenvs/debian/install/linux: put it there, out of http://mirror/debian.iso`,
        `the initrd of boot environment debian is not there, as ${filesDirectory}/bootenvs/debian/install/initrd gz: put it there, out of http://mirror/debian.iso`,
      ],
    });
    file('bootenvs/debian/install/linux');
    file('bootenvs/debian/install/initrd gz');
    const there = environments.bootOf(machine(1), filling);
    assert.deepEqual('unusable' in there && there.unusable, []);
  });

  it('are those of the architecture', (t) => {
    const { environments, filesDirectory } = made(t);
    const boots = environments.bootOf(machine(1, 'aarch64'), filling);
    assert.ok('kernel' in boots);
    assert.equal(boots.kernel, 'http://10.0.0.1:8080/bootenvs/debian/arm/linux');
    assert.equal(
      boots.unusable[0],
      `the kernel of boot environment debian is not there, as ${filesDirectory}/bootenvs/debian/arm/linux: put it there, out of http://mirror/arm.iso`,
    );
  });

  it('are those of the architecture of the firmware that asks, where hardware data name none', (t) => {
    const { environments } = made(t);
    const arm = environments.askedBy({ processor: 'arm64', said: 'ARM 64-bit UEFI (architecture 11)' });
    const boots = arm.bootOf(machine(1), filling);
    assert.equal('kernel' in boots && boots.kernel, 'http://10.0.0.1:8080/bootenvs/debian/arm/linux');
    const known = arm.bootOf(machine(1, 'x86_64'), filling);
    assert.equal('kernel' in known && known.kernel, 'http://10.0.0.1:8080/bootenvs/debian/install/linux');
  });

  it('never leave its folder', (t) => {
    const { environments } = made(t, { env: { name: 'debian', kernel: '../../etc/passwd' } });
    const boots = environments.bootOf(machine(1), filling);
    assert.equal('kernel' in boots && boots.kernel, 'http://10.0.0.1:8080/bootenvs/debian/etc/passwd');
  });

  for (const [what, templates, expected] of [
    ['by name', [{ name: 'default-ipxe' }, { name: 'ipxe' }, { name: 'ipxe-mac' }], 'ipxe-mac'],
    ['by name, before what chains to it', [{ name: 'default.ipxe' }, { name: 'ipxe' }], 'ipxe'],
    [
      'by its path',
      [
        { name: 'a', path: 'a.cfg' },
        { name: 'b', path: '{{.Machine.Address}}.ipxe' },
      ],
      'b',
    ],
  ] as [string, { name: string; path?: string }[], string][]) {
    it(`is an iPXE script of its own, found ${what}`, (t) => {
      const entries = templates.map((each) => ({ path: 'x', ...each, contents: `${each.name} {{.Machine.Address}}` }));
      const { environments } = made(t, { env: { name: 'debian', templates: entries } });
      assert.deepEqual(environments.bootOf(machine(1), filling), { ipxe: `${expected} 10.0.0.11` });
    });
  }

  it('says what is wrong: a template, a param that is needed, an environment that is gone', (t) => {
    const wrong = made(t, { env: { ...DEBIAN, bootParams: 'a\n{{.Machine.Nam}}' } }).environments;
    assert.throws(() => wrong.bootOf(machine(1), filling), {
      code: 'INVALID_INPUT',
      message:
        /boot environment debian cannot be filled in for machine machine-1: line 2, column \d+ of the boot params/,
    });
    const needs = made(t, { env: { ...DEBIAN, requiredParams: ['disk', 'zone'] } }).environments;
    assert.throws(
      () => needs.bootOf(machine(1), filling),
      /debian needs param zone, which machine machine-1 does not have/,
    );
    const gone = made(t, { lives: { [idOf(1)]: { bootEnv: 'other' } } }).environments;
    assert.throws(() => gone.bootOf(machine(1), filling), {
      code: 'NOT_FOUND',
      message: /environment other, which is not/,
    });
  });

  it('has a loader of its own where its file is there', (t) => {
    const { environments, file } = made(t);
    assert.equal(environments.loaderFor(machine(1), 'amd64-uefi'), undefined);
    file('bootenvs/debian/grubx64.efi');
    file('bootenvs/debian/grubaa64.efi');
    assert.equal(environments.loaderFor(machine(1), 'amd64-uefi'), 'bootenvs/debian/grubx64.efi');
    assert.equal(environments.loaderFor(machine(1), 'arm64-uefi'), 'bootenvs/debian/grubaa64.efi');
    assert.equal(environments.loaderFor(machine(1), '386-pcbios'), undefined);
    assert.equal(environments.loaderFor(machine(3), 'amd64-uefi'), undefined, 'is in no environment');
  });
});

describe('the texts of a machine', () => {
  const text = ({ environments }: ReturnType<typeof made>, n: number, path: string): string | undefined =>
    environments.textOf(machine(n), path, filling);

  it('are each its own', (t) => {
    const all = made(t, { lives: { [idOf(2)]: { params: { disk: 'nvme0n1' } } } });
    assert.equal(text(all, 1, `machines/${idOf(1)}/seed`), 'd-i sda of machine-1');
    assert.equal(text(all, 2, `machines/${idOf(2)}/seed`), 'd-i nvme0n1 of machine-2');
    assert.equal(text(all, 1, `machines/${idOf(2)}/seed`), undefined);
    assert.equal(text(all, 2, 'debian/part'), 'of machine-2');
    assert.equal(text(all, 1, `pxelinux.cfg/01-${macOf(1).replaceAll(':', '-')}`), 'KERNEL install/linux');
    assert.equal(text(all, 1, `machines/${idOf(1)}/start`), 'http://10.0.0.1:8080 TOKEN');
    assert.equal(text(all, 3, 'debian/part'), undefined, 'is in no environment');
  });

  it('ask for a token only where it is in them', (t) => {
    const { environments } = made(t);
    const token = () => assert.fail('asked for');
    assert.ok(environments.textOf(machine(1), `machines/${idOf(1)}/seed`, { ...filling, token }));
  });

  it('are those of the stage too, which count first, as long as the machine is in it', (t) => {
    const templates = [
      { name: 'part', path: 'debian/part', contents: 'of the stage' },
      { name: 'more', path: '/x/../more', contents: '{{.Stage.Name}} in {{.Env.Name}}' },
    ];
    const all = made(t, { stages: [{ name: 'prepare', templates }], lives: { [idOf(1)]: { stage: 'prepare' } } });
    assert.equal(text(all, 1, 'debian/part'), 'of the stage');
    assert.equal(text(all, 1, 'more'), 'prepare in debian');
    assert.equal(text(all, 2, 'more'), undefined);
    all.records[`life/${idOf(1)}`] = NO_LIFE;
    assert.equal(text(all, 1, 'more'), undefined);
  });

  it('that cannot be filled in say template and line, and leave the others alone', (t) => {
    const all = made(t);
    assert.throws(() => text(all, 1, `machines/${idOf(1)}/broken`), {
      code: 'INVALID_INPUT',
      message:
        /environment debian cannot be filled in for machine machine-1: line 2, column \d+ of the template "broken": .*none/,
    });
    assert.throws(
      () => text(all, 1, 'nothing'),
      /there is no shared template "gone\.tmpl", which template "nothing" is/,
    );
    const path = { name: 'p', path: '{{.Param "no"}}', contents: 'x' };
    const wrong = made(t, { env: { ...DEBIAN, templates: [path, ...DEBIAN.templates] } });
    assert.equal(text(wrong, 1, 'debian/part'), 'of machine-1');
    assert.throws(() => text(wrong, 1, 'else'), /path of template "p"/);
  });
});

describe('why an environment cannot be booted', () => {
  const unusable = (env: object, arch?: string): string[] =>
    new EnvironmentFiles({ directory: '/files', exists: (path) => path.endsWith('there') }).unusable(
      bootEnv.parse({ name: 'e', ...env }),
      SILENT.of(machine(1, arch)),
      hasScript,
    );

  it('is that files are missing, with the place and the ISO', () => {
    assert.deepEqual(unusable({ kernel: 'gone', initrds: ['there', 'http://x/i'], os: { isoUrl: 'http://x/iso' } }), [
      'the kernel of boot environment e is not there, as /files/bootenvs/e/gone: put it there, out of http://x/iso',
    ]);
    assert.deepEqual(unusable({ kernel: 'there', initrds: ['gone'] }), [
      'the initrd of boot environment e is not there, as /files/bootenvs/e/gone',
    ]);
    assert.deepEqual(unusable({ kernel: 'there' }), []);
  });

  it('is that it has nothing to boot, or nothing for the architecture', () => {
    assert.match(unusable({}).join(), /neither a kernel nor a template for iPXE/);
    assert.deepEqual(unusable({ templates: [{ name: 'ipxe', path: 'x', contents: 'x' }] }), []);
    const os = { supportedArchitectures: { amd64: { kernel: 'there' } } };
    assert.deepEqual(unusable({ os }), []);
    assert.match(unusable({ os }, 'aarch64').join(), /is for amd64, and the machine is arm64$/);
    const arm = { supportedArchitectures: { arm64: { kernel: 'there' } } };
    assert.match(unusable({ os: arm }).join(), /is for arm64, and the machine is amd64, as its hardware data names no/);
    for (const name of ['osie', 'local', 'ignore']) assert.deepEqual(unusable({ name }), []);
  });
});
