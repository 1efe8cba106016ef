/** Content packs: read as Digital Rebar writes them, written again, and what is said of bad ones. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtinPack, nameOf, packToYaml, parsePack, SECTIONS } from '../../src/content/index.ts';
import { TinsmithError } from '../../src/errors.ts';
import { RACK } from './examples.ts';

/** `line:column field: message` of each problem. */
function refused(text: string): string[] {
  try {
    parsePack(text);
  } catch (error) {
    assert.ok(error instanceof TinsmithError, String(error));
    assert.equal(error.code, 'INVALID_INPUT');
    return error.problems.map(({ line, column, field, message }) => `${line}:${column} ${field}: ${message}`);
  }
  return assert.fail('it is taken');
}

describe('a pack', () => {
  it('in Digital Rebar’s writing is read in ours', () => {
    const { meta, objects } = parsePack(RACK);
    assert.deepEqual(meta, {
      name: 'rack',
      version: '1.10',
      description: 'Machines of the test rack',
      documentation: '',
      more: { author: 'The tests', docUrl: 'https://rack.example/' },
    });
    assert.deepEqual(
      SECTIONS.map((section) => objects[section].map(nameOf)),
      [
        ['flatcar-install'],
        ['rack/password', 'rack/position'],
        ['rack-a'],
        ['rack-discover', 'rack-install'],
        ['rack-look', 'rack-wipe'],
        ['rack-boot.ipxe', 'rack-wipe.sh'],
        ['rack'],
      ],
    );
    const [bootEnv] = objects.bootenvs;
    assert.equal(bootEnv?.os.supportedArchitectures.x86_64?.bootParams, 'console=ttyS0 {{ .BootParams }}');
    assert.deepEqual(bootEnv?.loaders, { 'amd64-uefi': 'ipxe.efi' });
    assert.deepEqual(bootEnv?.templates, [
      { name: 'ipxe', path: '{{ .Machine.Path }}/boot.ipxe', id: 'rack-boot.ipxe', meta: {} },
    ]);
    const [discover, install] = objects.stages;
    assert.deepEqual([discover?.bootEnv, discover?.runnerWait, discover?.reboot], ['sledgehammer', true, false]);
    assert.deepEqual([install?.reboot, install?.profiles], [true, ['rack-a']]);
    assert.deepEqual(discover?.meta, { icon: 'search', order: '3' }, 'texts, as there');
  });

  it('keeps the keys of free maps', () => {
    const { objects } = parsePack(RACK);
    assert.deepEqual(objects.profiles[0]?.params.Free, { Name: 'stays', ID: 'stays' });
    assert.deepEqual(Object.keys(objects.profiles[0]?.params['rack/password'] ?? {}), ['Key', 'Nonce', 'Payload']);
    assert.deepEqual(objects.tasks[0]?.templates[0]?.meta, { OS: 'linux, darwin' });
    const position = objects.params.find(({ name }) => name === 'rack/position');
    assert.deepEqual(position?.schema, { type: 'integer', minimum: 1, default: 1, Title: 'kept as it is' });
  });

  it('tells what is not done with it, and drops bookkeeping and what is empty', () => {
    assert.deepEqual(parsePack(RACK).unsupported, [
      'meta: Prerequisites',
      'tasks/rack-look: ExtraRoles',
      'plugins: ipmi',
      'users: root',
    ]);
  });

  it('is read from JSON, from lists, and in our writing', () => {
    const { objects } = parsePack(
      JSON.stringify({
        meta: { name: 'p' },
        sections: {
          tasks: [{ name: 'b' }, { Name: 'a', Templates: null }],
          stages: { s: { tasks: ['a'] } },
          templates: { t: { Contents: 'x' } },
          profiles: null,
        },
      }),
    );
    assert.deepEqual(objects.tasks.map(nameOf), ['a', 'b']);
    assert.deepEqual(objects.stages.map(nameOf), ['s'], 'the name is the key where none is given');
    assert.deepEqual(objects.templates.map(nameOf), ['t']);
  });

  it('is frozen', () => {
    const { objects } = parsePack(RACK);
    assert.throws(() => Object.assign(objects.profiles[0]?.params ?? {}, { x: 1 }), TypeError);
  });

  it('with faults is refused, with the place of each', () => {
    const text = `meta:
  Name: p
sections:
  tasks:
    a:
      Name: b
      Tasx: []
      Templates:
        - Name: one
          Contents: x
          ID: y
        - Contents: x
          contents: y
    c:
      Name: "*"
      RequiredParams: nothing
  stages:
    - Name: s
      BootEnv: "-"
    - Name: s
    - 7
    - {}
  templates: text
`;
    assert.deepEqual(refused(text), [
      '6:13 tasks/a: name: is "b", and the object stands under "a"',
      '7:7 tasks/a: Tasx: unknown key "Tasx"; known are name, description, documentation, meta, templates, requiredParams, optionalParams, prerequisites',
      '9:11 tasks/a: templates[0]: has either contents or the id of a shared template, or else the image of a container',
      '12:11 tasks/a: templates[1].name: is missing',
      '13:11 tasks/a: templates[1].contents: the key "contents" is given twice',
      '15:13 tasks/c: name: is "*", and the object stands under "c"',
      '15:13 tasks/c: name: has other characters than letters, digits and . _ / : + -',
      '16:23 tasks/c: requiredParams: Invalid input: expected array, received string',
      '19:16 stages/s: bootEnv: has other characters than letters, digits and . _ / : + -',
      '20:7 stages/s: there is another of that name in the pack',
      '21:7 stages/2: Invalid input: expected object, received number',
      '22:7 stages/3: name: is missing',
      '23:14 sections.templates: must be a map of objects by name, or a list of objects',
    ]);
  });

  it('that is none is refused', () => {
    for (const [text, problem] of [
      ['', /is no pack/],
      ['- a', /is no pack/],
      ['meta: {}', /name: is missing/],
      ['meta: {name: "a/b"}', /other characters/],
      ['meta: {name: p, Name: q}', /given twice/],
      ['meta: {name: p}\nsections: 3', /sections: must be a map/],
      ['meta: {name: p}\nsection: {}', /unknown key "section"/],
      ['meta: {name: p}\n---\nmeta: {name: q}', /YAML/],
      ['meta: {name: p, name: q}', /YAML/],
      ['meta: {name: p, tags: [a]}', /tags/],
      ['meta: {name: p}\nsections: {profiles: {a: {params: {x: .inf}}}}', /params\.x: cannot be Infinity/],
      [`a: ${'['.repeat(5000)}`, /nested|YAML/],
      [`a: ${'['.repeat(300)}${']'.repeat(300)}`, /nested/],
      [
        `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
        /alias/,
      ],
    ] as const) {
      assert.match(refused(text).join('\n'), problem, text.slice(0, 80));
    }
  });

  it('written as YAML is the same when it is read again', () => {
    const pack = { ...parsePack(RACK), unsupported: [] };
    assert.deepEqual(parsePack(packToYaml(pack)), pack);
    assert.deepEqual(parsePack(packToYaml(builtinPack)), builtinPack);
    assert.ok(!packToYaml(pack).includes('optionalParams: []'), 'without what is not set');
  });
});

describe('a template that is a link in Digital Rebar', () => {
  const pack = (entry: string): string =>
    `meta: {Name: p}\nsections:\n  bootenvs:\n    e: {Name: e, Kernel: k, Templates: [${entry}]}\n`;

  it('is kept, and named as what is not done', () => {
    const { objects, unsupported } = parsePack(pack(`{Name: x, Path: y/x, Link: '{{.Env.PathFor "tftp" "x"}}'}`));
    assert.deepEqual(unsupported, ['bootenvs/e: templates[0].Link']);
    assert.equal(objects.bootenvs[0]?.templates[0]?.link, '{{.Env.PathFor "tftp" "x"}}');
  });

  it('needs neither contents nor the id of a shared template; others do', () => {
    assert.throws(() => parsePack(pack('{Name: x, Path: y/x}')), /has either contents or the id of a shared template/);
    assert.throws(() => parsePack(pack('{Name: x, Path: y/x, Contents: a, ID: b, Link: c}')), /has either contents/);
  });
});
