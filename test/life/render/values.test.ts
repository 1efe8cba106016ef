/** Each value and method that templates of Digital Rebar's find. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bootEnv as bootEnvShape, stage as stageShape, task as taskShape } from '../../../src/content/objects.ts';
import { type RenderContext, renderText } from '../../../src/life/render/index.ts';
import { seal } from '../../../src/life/seal.ts';
import { catalogueOf, contextOf, KEYS, lifeOf, machineOf, refusal } from './examples.ts';

const ENV = bootEnvShape.parse({
  name: 'debian-12-install',
  os: {
    name: 'debian-12',
    family: 'debian',
    version: '12.5',
    codename: 'bookworm',
    supportedArchitectures: { arm64: { kernel: 'arm/linux', initrds: ['arm/initrd'], bootParams: 'console=ttyAMA0' } },
  },
  kernel: 'amd64/linux',
  initrds: ['initrd one.gz', 'http://mirror/firmware.cpio'],
  bootParams: 'url={{ .Machine.Url }}/seed {{ .Param "console" }}',
});
const CONTEXT = contextOf({
  life: lifeOf({
    stage: 'install',
    list: 'all',
    profiles: ['rack'],
    tasks: ['a', 'b'],
    params: {
      console: 'console=ttyS0',
      text: 'some text',
      number: 1_000_000,
      half: 0.5,
      yes: true,
      list: ['a', 'b'],
      map: { z: 1, a: { deep: '<&>' } },
      netmask: '255.255.254.0',
      template: '{{ .Machine.ShortName }} {{ .Param "text" }}',
    },
  }),
  stage: stageShape.parse({
    name: 'install',
    bootEnv: 'debian-12-install',
    tasks: ['a', 'b'],
    description: 'Installs',
  }),
  bootEnv: ENV,
  task: taskShape.parse({ name: 'a', meta: { 'feature-flags': 'sane-exit-codes' } }),
  catalogue: catalogueOf({
    profiles: [
      { name: 'rack', params: { map: { z: 2, rack: 'r1' } } },
      { name: 'global', params: { everywhere: 'g' } },
    ],
    params: [{ name: 'defaulted', schema: { default: 'by default' } }],
    templates: [{ id: 'hello.tmpl', contents: 'Hello {{ . }}' }],
    workflows: [{ name: 'all', stages: ['install', 'local'] }],
  }),
});

const filled = (text: string, context: RenderContext = CONTEXT): string => renderText(text, context, 'text').text;

const VALUES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'the machine': [
    ['{{ .Machine.Name }}', 'm1.example.org'],
    ['{{ .Machine.ShortName }}', 'm1'],
    ['{{ .Machine.UUID }} {{ .Machine.Uuid }}', `${machineOf(1).id} ${machineOf(1).id}`],
    ['{{ .Machine.Path }}', `machines/${machineOf(1).id}`],
    ['{{ .Machine.Url }}', `http://192.168.1.250:8080/machines/${machineOf(1).id}`],
    ['{{ .Machine.Address }} {{ .Machine.HexAddress }}', '192.168.1.1 C0A80101'],
    ['{{ .Machine.HardwareAddrs }}', '[52:54:00:00:00:01 52:54:00:00:ff:01]'],
    ['{{ (index .Machine.HardwareAddrs 0) }}', '52:54:00:00:00:01'],
    ['{{ .Machine.MacAddr }}', '52:54:00:00:00:01'],
    ['{{ .Machine.MacAddr "pxelinux" }} {{ .Machine.MacAddr "pxe" }}', '01-52-54-00-00-00-01 01-52-54-00-00-00-01'],
    ['{{ .Machine.MacAddr "rpi4" }} {{ .Machine.MacAddr "raw" }}', '52-54-00-00-00-01 52:54:00:00:00:01'],
    ['{{ .Machine.Arch }} {{ .Machine.OS }}', 'amd64 debian-12'],
    ['{{ .Machine.Stage }} {{ .Machine.BootEnv }} {{ .Machine.Workflow }}', 'install debian-12-install all'],
    ['{{ .Machine.Profiles }} {{ .Machine.Tasks }}', '[rack] [a b]'],
    ['{{ .Machine.HasProfile "rack" }} {{ .Machine.HasProfile "x" }}', 'true false'],
    ['{{ .Machine.Params.text }} {{ len .Machine.Params }}', 'some text 9'],
    ['{{ with .Machine }}{{ .Name }} of {{ $.Stage.Name }}{{ end }}', 'm1.example.org of install'],
  ],
  'the environment': [
    ['{{ .Env.Name }}', 'debian-12-install'],
    ['{{ .Env.OS.Name }} {{ .Env.OS.Family }}', 'debian-12 debian'],
    ['{{ .Env.OS.Version }} {{ .Env.OS.Codename }}', '12.5 bookworm'],
    ['{{ .Env.OS.FamilyName }} {{ .Env.OS.FamilyVersion }} {{ .Env.OS.FamilyType }}', 'debian 12.5 debian'],
    ['{{ .Env.OS.VersionEq "12" }} {{ .Env.OS.VersionEq "12.5.1" }} {{ .Env.OS.VersionEq "11" }}', 'true false false'],
    ['{{ .Env.Kernel }} {{ .Env.KernelFor "arm64" }}', 'amd64/linux arm/linux'],
    ['{{ .Env.Initrds }} {{ .Env.InitrdsFor "arm64" }}', '[initrd one.gz http://mirror/firmware.cpio] [arm/initrd]'],
    ['{{ .Env.PathFor "http" "a/b" }}', 'http://192.168.1.250:8080/bootenvs/debian-12-install/a/b'],
    ['{{ .Env.PathFor "tftp" "/a/./b" }}', 'bootenvs/debian-12-install/a/b'],
    ['{{ .Env.PathFor "tftp" "../../../x" }}', 'bootenvs/debian-12-install/x'],
    ['{{ .Env.PathFor "http" .Env.Kernel }}', 'http://192.168.1.250:8080/bootenvs/debian-12-install/amd64/linux'],
    [
      '{{ .Env.JoinInitrds "http" }}',
      'http://192.168.1.250:8080/bootenvs/debian-12-install/initrd%20one.gz http://mirror/firmware.cpio',
    ],
    ['{{ .Env.InstallUrl }}', 'http://192.168.1.250:8080/bootenvs/debian-12-install'],
    ['{{ .BootParams }}', `url=http://192.168.1.250:8080/machines/${machineOf(1).id}/seed console=ttyS0`],
    ['{{ .BootParamsFor "arm64" }} {{ .Env.BootParamsFor "arm64" }}', 'console=ttyAMA0 console=ttyAMA0'],
  ],
  'the server': [
    ['{{ .ProvisionerAddress }} {{ .ProvisionerURL }}', '192.168.1.250 http://192.168.1.250:8080'],
    ['{{ .ApiURL }} {{ .SecureProvisionerURL }}', 'http://192.168.1.250:8080 http://192.168.1.250:8080'],
    ['{{ .Info.Address }}:{{ .Info.ApiPort }}', '192.168.1.250:8080'],
    ['{{ .GenerateToken }} {{ .GenerateInfiniteToken }}', 'token-of-machine token-of-infinite'],
    ['{{ .ParseURL "host" .ApiURL }} {{ .ParseUrl "path" "https://a/b/c?d" }}', '192.168.1.250:8080 /b/c'],
    ['{{ .ParseURL "scheme" "https://a/b" }}', 'https'],
    ['{{ .NetmaskToCIDR (.Param "netmask") }}', '23'],
  ],
  'what is being done': [
    ['{{ .Task.Name }} {{ .Task.TargetOS }}', 'a linux'],
    ['{{ index .Task.Meta "feature-flags" }}', 'sane-exit-codes'],
    [
      '{{ .Stage.Name }}: {{ .Stage.Description }} {{ .Stage.Tasks }} {{ .Stage.BootEnv }}',
      'install: Installs [a b] debian-12-install',
    ],
    ['{{ .Workflow.Name }} {{ .Workflow.Stages }}', 'all [install local]'],
  ],
  params: [
    ['{{ .Param "text" }}', 'some text'],
    ['{{ .Param "text" | upper }} {{ "text" | .Param }}', 'SOME TEXT some text'],
    ['{{ .Param "number" }} {{ .Param "half" }} {{ .Param "yes" }}', '1000000 0.5 true'],
    ['{{ .Param "everywhere" }} {{ .Param "defaulted" }}', 'g by default'],
    ['{{ .ParamExists "text" }} {{ .ParamExists "defaulted" }} {{ .ParamExists "none" }}', 'true true false'],
    [
      '{{ if .ParamExists "text" }}{{ .Param "text" }}{{ end }}{{ if .ParamExists "x" }}{{ .Param "x" }}{{ end }}',
      'some text',
    ],
    ['{{ if eq (.Param "text") "some text" }}same{{ end }}', 'same'],
    ['{{ $x := .Param "map" }}{{ $x.a.deep }} {{ (.Param "map").z }}', '<&> 1'],
    ['{{ range $k, $v := .Param "map" }}{{ $k }};{{ end }}{{ range .Param "list" }}{{ . }};{{ end }}', 'a;z;a;b;'],
    ['{{ .ParamAsJSON "map" }}', '{"a":{"deep":"\\u003c\\u0026\\u003e"},"z":1}\n'],
    ['{{ .ParamAsYAML "map" }}', 'a:\n  deep: <&>\nz: 1\n'],
    ['{{ .ParamExpand "template" }} {{ .ParamExpand "yes" }}', 'm1 some text true'],
    ['{{ $m := .ComposeParam "map" }}{{ $m.z }} {{ $m.rack }}', '1 r1'],
    ['{{ $m := .Param "map" }}{{ $_ := set $m "z" 9 }}{{ $m.z }} {{ (.Param "map").z }}', '9 1'],
  ],
  'other templates': [
    ['{{ template "hello.tmpl" .Machine.ShortName }}', 'Hello m1'],
    ['{{ .CallTemplate (printf "%s.tmpl" "hello") "you" | upper }}', 'HELLO YOU'],
  ],
};

for (const [about, cases] of Object.entries(VALUES)) {
  describe(`templates ask for ${about}`, () => {
    for (const [text, expected] of cases) it(text, () => assert.equal(filled(text), expected));
  });
}

describe('templates', () => {
  it('of an arm64 machine get what that boots', () => {
    const arm = { ...CONTEXT, machine: machineOf(2, 'aarch64') };
    assert.equal(
      filled('{{ .Machine.Arch }} {{ .Env.Kernel }} {{ .BootParams }}', arm),
      'arm64 arm/linux console=ttyAMA0',
    );
  });

  it('for machines that nobody knows have no machine, and a token of their own', () => {
    const unknown = contextOf({ machine: undefined, bootEnv: ENV });
    assert.equal(filled('{{ if .Machine }}known{{ else }}{{ .GenerateToken }}{{ end }}', unknown), 'token-of-unknown');
    assert.match(refusal(() => filled('{{ .GenerateInfiniteToken }}', unknown)).message, /nobody knows/);
  });

  it('without environment, stage and list have none of these', () => {
    const text = '{{ if or .Env .Stage .Task .Workflow }}some{{ else }}none{{ end }}';
    assert.equal(filled(text, contextOf()), 'none');
    assert.match(refusal(() => filled('{{ .BootParams }}', contextOf())).message, /which environment/);
  });

  const REFUSED: readonly (readonly [string, RegExp])[] = [
    [
      '{{ .Param "txet" }}',
      /\.Param "txet": no such param; it is not in machine m1\.example\.org.*did you mean "text"/,
    ],
    ['{{ .ParamAsJSON "none" }}', /\.ParamAsJSON "none": no such param/],
    ['{{ .ComposeParam "none" }}', /\.ComposeParam "none": no such param/],
    ['{{ .Params "text" }}', /a RenderData has no field or method "Params"; did you mean "Param"\?/],
    ['{{ .Machine.Nmae }}', /a Machine has no field or method "Nmae"; did you mean "Name"\?/],
    ['{{ .Machine.Params.none }}', /no value for "none"/],
    ['{{ .Param }}', /Param takes 1 argument, not 0/],
    ['{{ .Machine.Name "x" }}', /Name takes 0 arguments, not 1/],
    ['{{ .Machine.Secret }}', /no secret of their own; use \.GenerateToken/],
    ['{{ .GenerateProfileToken "p" 0 }}', /\.GenerateProfileToken: there are no tokens for profiles/],
    ['{{ .Env.PathFor "disk" "x" }}', /"http" or "tftp", not "disk"/],
    ['{{ .ParseURL "port" "http://a" }}', /"scheme", "host" and "path", not "port"/],
    ['{{ .NetmaskToCIDR "255.0.255.0" }}', /no netmask/],
    ['{{ .CallTemplate "hello.tmp" . }}', /\.CallTemplate "hello\.tmp": there is no such template; did you mean/],
    ['{{ template "none" . }}', /there is no template "none"/],
    ['{{ now }}', /not hermetic/],
    ['{{ env "HOME" }}', /not hermetic/],
    ['{{ formatPartition "/dev/sda" 1 }}', /no function "formatPartition"/],
    ['{{ device_1 }}', /no function "device_1"/],
  ];
  for (const [text, message] of REFUSED) {
    it(`are refused: ${text}`, () => {
      const error = refusal(() => filled(`first\n  ${text}`));
      assert.equal(error.code, 'INVALID_INPUT');
      assert.match(error.message, message);
      assert.match(error.message, /^line 2, column \d+ of the text: /);
      assert.equal(error.problems[0]?.line, 2);
    });
  }
});

describe('secure params', () => {
  const sealed = (value: unknown) => seal(KEYS.publicKey, value);
  const params = {
    password: sealed('correct "horse"'),
    keys: sealed({ a: 'key one', b: ['key two', 12345, 'abc'] }),
    plain: 'in the open',
    token: '{{ .Param "password" }}!',
  };
  const secure = ['password', 'keys', 'token'].map((name) => ({ name, secure: true }));
  const context = contextOf({
    life: lifeOf({ params }),
    catalogue: catalogueOf({ params: secure }),
    task: CONTEXT.task,
  });

  it('are opened for tasks, and told to be secrets, as JSON has them, too', () => {
    const { text, secrets } = renderText('{{ .Param "password" }} {{ .Param "plain" }}', context, 'text');
    assert.equal(text, 'correct "horse" in the open');
    assert.deepEqual(secrets, ['correct "horse"', 'correct \\"horse\\"']);
  });

  it('in maps and lists are told one by one, but for those that are too short to be hidden', () => {
    const { text, secrets } = renderText('{{ (.Param "keys").a }}{{ .ParamAsJSON "keys" }}', context, 'text');
    assert.equal(text, 'key one{"a":"key one","b":["key two",12345,"abc"]}\n');
    assert.deepEqual(secrets, ['key one', 'key two', '12345']);
  });

  it('that are templates are secret as a whole, also where nobody has sealed them', () => {
    const { text, secrets } = renderText('{{ .ParamExpand "token" }}', context, 'text');
    assert.equal(text, 'correct "horse"!');
    for (const secret of ['correct "horse"!', 'correct "horse"']) assert.ok(secrets.includes(secret), secret);
  });

  it('that are not used are no secrets of the text; tokens that are used are', () => {
    const text = '{{ .ParamExists "password" }} {{ .Machine.Params.password.sealed }}';
    assert.deepEqual(renderText(text, context, 'text'), { text: 'true 1', secrets: [] });
    assert.deepEqual(renderText('{{ .GenerateToken }}', context, 'text').secrets, ['token-of-machine']);
  });

  it('are not opened for what everybody can read', () => {
    const served = { ...context, task: undefined };
    const error = refusal(() => renderText('{{ .Param "password" }}', served, 'text'));
    assert.match(
      error.message,
      /\.Param "password": the param is secure; templates of tasks, and files of .* may read it: kernel arguments/,
    );
    assert.equal(renderText('{{ .ParamExists "password" }}', served, 'text').text, 'true');
  });

  it('that nest too deep are refused', () => {
    const nested = JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`) as unknown;
    const deep = { ...context, life: lifeOf({ params: { password: sealed(nested) } }) };
    assert.match(refusal(() => renderText('{{ .Param "password" }}', deep, 'text')).message, /more than 200 deep/);
  });

  it('sealed for another appliance are told by name', () => {
    const foreign = {
      ...context,
      life: lifeOf({ params: { password: { ...params.password, key: params.keys.key } } }),
    };
    const error = refusal(() => renderText('{{ .Param "password" }}', foreign, 'text'));
    assert.match(error.message, /line 1, column 4 of the text: \.Param "password": The sealed value cannot be opened/);
    assert.ok(!error.message.includes('horse'));
  });
});

describe('package repositories', () => {
  const repositories = [
    {
      tag: 'deb',
      os: ['debian-12'],
      url: 'http://mirror.example/debian',
      installSource: true,
      distribution: 'bookworm',
      components: ['main', 'contrib'],
    },
    {
      tag: 'sec',
      os: ['debian-12'],
      url: 'http://security.example/debian-security',
      securitySource: true,
      distribution: 'bookworm-security',
      components: ['main'],
    },
    { tag: 'arm', os: ['debian-12'], arch: 'arm64', url: 'http://arm.example' },
    {
      tag: 'cent',
      os: ['centos-7'],
      url: 'http://mirror.example/centos',
      distribution: '7',
      components: ['os', 'updates'],
    },
  ];
  const context = (env: string) =>
    contextOf({
      life: lifeOf({
        params: { 'package-repositories': repositories, 'proxy-servers': [{ url: 'http://proxy:3128' }] },
      }),
      bootEnv: bootEnvShape.parse({ name: 'e', os: { name: env } }),
    });

  it('are those of the system and the architecture', () => {
    const text =
      '{{ range .MachineRepos }}{{ .Tag }} {{ end }}| {{ range .InstallRepos }}{{ .Tag }} {{ end }}| {{ .Env.InstallUrl }}';
    assert.equal(filled(text, context('debian-12')), 'deb sec | deb sec | http://mirror.example/debian');
    assert.equal(
      filled('{{ range .Repos "arm" "cent" }}{{ .Tag }} {{ .R.Machine.ShortName }} {{ end }}', context('x')),
      'arm m1 cent m1 ',
    );
    assert.equal(filled('{{ len .MachineRepos }}{{ len .InstallRepos }}{{ len (.Repos "deb") }}', contextOf()), '000');
  });

  it('are written for apt and its installer', () => {
    assert.equal(
      filled('{{ range .MachineRepos }}{{ .Lines }}{{ end }}', context('debian-12')),
      'deb http://mirror.example/debian bookworm main contrib\ndeb http://security.example/debian-security bookworm-security main\n',
    );
    assert.equal(
      filled('{{ range $repo := .InstallRepos }}{{ $repo.Install }}{{ end }}', context('debian-12')),
      'd-i mirror/protocol string http\nd-i mirror/http/hostname string mirror.example\n' +
        'd-i mirror/http/directory string /debian\nd-i apt-setup/security_host string security.example\n',
    );
  });

  it('are written for yum and its installer', () => {
    assert.match(
      filled('{{ range .MachineRepos }}{{ .Lines }}{{ end }}', context('centos-7')),
      /\[cent-updates\]\nname=cent - updates\nbaseurl=http:\/\/mirror\.example\/centos\/7\/updates\/\$basearch\ngpgcheck=0\n/,
    );
    assert.match(
      filled('{{ range .MachineRepos }}{{ .Install }}{{ end }}', context('centos-7')),
      /^repo --name="cent-os" --baseurl=http:\/\/mirror\.example\/centos\/7\/os\/\$basearch --cost=200 --proxy="http:\/\/proxy:3128"\n/,
    );
  });

  it('that are none are told', () => {
    const wrong = contextOf({ life: lifeOf({ params: { 'package-repositories': [{ tag: 5 }] } }) });
    assert.match(
      refusal(() => filled('{{ .MachineRepos }}', wrong)).message,
      /"package-repositories" is not usable: 0\.tag/,
    );
  });
});
