import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { idOf } from '../../src/manifests/identity.ts';
import { parseManifests } from '../../src/manifests/index.ts';
import { splitDocuments } from '../../src/manifests/source.ts';
import { ALL, CLI_HARDWARE, HARDWARE, PLAIN, TEMPLATE, WORKFLOW } from './examples.ts';

/** `line:column field: message` */
function told(problems: readonly { line?: number; column?: number; field: string; message: string }[]): string[] {
  return problems.map(({ line, column, field, message }) => `${line}:${column} ${field}: ${message}`);
}

describe('files of documents', () => {
  test('resources, plain templates and hardware JSON in one file', () => {
    const { manifests, problems } = parseManifests([ALL, PLAIN, CLI_HARDWARE].join('---\n'));
    assert.deepEqual(problems, []);
    assert.deepEqual(
      manifests.map(({ kind, line }) => [kind, line]),
      [
        ['hardware', 1],
        ['template', 39],
        ['workflow', 61],
        ['template', 72],
        ['hardware', 82],
      ],
    );
    const [hardware, template, workflow, plain, json] = manifests;
    assert.ok(hardware?.kind === 'hardware' && json?.kind === 'hardware');
    assert.ok(template?.kind === 'template' && plain?.kind === 'template' && workflow?.kind === 'workflow');
    assert.equal(hardware.hardware.id, idOf('hardware', { namespace: 'tink-system', name: 'node-1' }));
    const [first] = hardware.hardware.network.interfaces;
    assert.equal(first?.dhcp.mac, '08:00:27:aa:00:01');
    assert.deepEqual(first?.netboot, {
      allow_pxe: true,
      allow_workflow: true,
      osie: { base_url: 'http://192.168.2.1/osie', kernelParams: ['quiet'] },
    });
    assert.deepEqual([template.name, template.lenient], ['ubuntu_noble', true]);
    assert.match(template.data, /^version: "0.1"\n[\s\S]*DEST_DISK: \{\{ index .Hardware.Disks 0 \}\}\n$/);
    assert.deepEqual([plain.name, plain.data, plain.origin], ['restart', PLAIN, undefined]);
    assert.deepEqual(
      [workflow.templateRef, workflow.hardwareRef, workflow.devices],
      ['ubuntu', 'node-1', { device_1: '08:00:27:aa:00:01' }],
    );
    assert.deepEqual([json.hardware.id, json.origin], ['0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94', undefined]);
  });

  test('a plain template alone is the file as it is', () => {
    for (const text of [PLAIN, `${PLAIN}...\n`, PLAIN.replaceAll('\n', '\r\n')]) {
      const { manifests, problems } = parseManifests(text);
      assert.deepEqual(problems, []);
      assert.ok(manifests[0]?.kind === 'template');
      assert.equal(manifests[0].data, text);
    }
  });

  test('templates that are no YAML before they are rendered', () => {
    const text = 'version: "0.1"\nname: many\ntasks:\n{{- range .x }}\n  - {{ . }}\n{{- end }}\n';
    const { manifests } = parseManifests(`${HARDWARE}---\n${text}`);
    assert.deepEqual(
      manifests.map(({ kind }) => kind),
      ['hardware', 'template'],
    );
  });

  test('lists, of resources and of hardware', () => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ ...resource(), status: { state: 'x' } }] });
    assert.equal(parseManifests(list).manifests[0]?.kind, 'hardware');
    assert.equal(parseManifests(`[${CLI_HARDWARE}]`).manifests[0]?.kind, 'hardware');
  });

  test('nothing in a file is nothing to do', () => {
    for (const text of ['', '\n\n', '# nothing\n---\n---\n# more\n...\n', '%YAML 1.2\n---\n']) {
      assert.deepEqual(parseManifests(text), { manifests: [], problems: [], warnings: [] });
    }
  });

  test('what an API server adds is passed over', () => {
    const added = HARDWARE.replace(
      'metadata:\n  name',
      'metadata:\n  uid: u\n  resourceVersion: "5"\n  creationTimestamp: "2026-01-01T00:00:00Z"\n  managedFields: [{manager: m}]\n  name',
    );
    assert.deepEqual(parseManifests(`${added}status: {state: Ready}\n`).problems, []);
  });

  test('ids follow from the names, a label, or the instance', () => {
    const id = (text: string): string | undefined => {
      const [first] = parseManifests(text).manifests;
      return first?.kind === 'hardware' ? first.hardware.id : undefined;
    };
    const uuid = '0EBA0BF8-3772-4B4A-AB9F-6EBE93B90A94';
    assert.equal(id(HARDWARE), 'dccffe7b-e540-5cbf-a05a-81104c6e795f', 'it never changes');
    assert.notEqual(id(HARDWARE.replace('tink-system', 'other')), id(HARDWARE));
    assert.equal(id(HARDWARE.replace('rack: a1', `tinsmith/id: ${uuid}`)), uuid.toLowerCase());
    assert.equal(id(HARDWARE.replace('instance:\n', `instance:\n      id: ${uuid}\n`)), uuid.toLowerCase());
    assert.equal(id(HARDWARE.replace('instance:\n', `instance:\n      id: 08:00:27:aa:00:01\n`)), id(HARDWARE));
  });

  test('fields that nothing here uses are kept, and told by name', () => {
    const text = HARDWARE.replace(
      'spec:\n',
      'spec:\n  agentID: a\n  bmcRef: {kind: Machine, name: bmc}\n  references: {}\n',
    );
    const { manifests, warnings } = parseManifests(text);
    assert.deepEqual(told(warnings), [
      '9:3 spec.agentID: is kept and not used',
      '10:3 spec.bmcRef: is kept and not used: no BMC is spoken to',
      '38:9 spec.interfaces[0].netboot.osie: is kept and not used: machines boot into the in-memory system of this appliance',
    ]);
    assert.ok(manifests[0]?.kind === 'hardware');
    assert.deepEqual(manifests[0].hardware.bmcRef, { kind: 'Machine', name: 'bmc' });
  });
});

describe('what is refused', () => {
  const cases: [name: string, text: string, expected: string[]][] = [
    [
      'a text',
      'hello',
      ['1:1 : is neither a resource (apiVersion and kind), nor hardware (id and network), nor a template (tasks)'],
    ],
    [
      'another kind',
      'apiVersion: tinkerbell.org/v1alpha1\nkind: Hardwares\nmetadata: {name: a}\nspec: {}\n',
      ['2:7 kind: "Hardwares" is not known here; did you mean "Hardware"?; there are Hardware, Template, Workflow'],
    ],
    [
      'another group',
      'apiVersion: bmc.tinkerbell.org/v1alpha1\nkind: Machine\n',
      ['1:13 apiVersion: must be tinkerbell.org/v1alpha1, not "bmc.tinkerbell.org/v1alpha1"'],
    ],
    ['no names', 'apiVersion: tinkerbell.org/v1alpha1\nkind: Workflow\nspec: {}\n', ['1:1 metadata.name: is missing']],
    [
      'a name with a slash',
      WORKFLOW.replace('name: node-1-install', 'name: a/b'),
      ['4:9 metadata.name: "a/b" is no name (up to 253 characters, no / and no spaces)'],
    ],
    ['no spec', 'apiVersion: tinkerbell.org/v1alpha1\nkind: Workflow\nmetadata: {name: a}\n', ['1:1 spec: is missing']],
    [
      'unknown keys, in the second document',
      `${WORKFLOW}---\n${HARDWARE.replace('allowPXE', 'allowPxe').replace('spec:', 'sepc: {}\nspec:')}`,
      [
        '19:1 sepc: unknown key "sepc"; did you mean "spec"?',
        '45:9 spec.interfaces[0].netboot.allowPxe: unknown key "allowPxe"; did you mean "allowPXE"?',
      ],
    ],
    [
      'a MAC address that is none',
      HARDWARE.replace('08:00:27:AA:00:01', 'x'),
      ['28:14 spec.interfaces[0].dhcp.mac: is not a MAC address such as 52:54:00:00:00:01'],
    ],
    [
      'a wrong type under another name',
      HARDWARE.replace('allowPXE: true', 'allowPXE: "perhaps"'),
      ['33:19 spec.interfaces[0].netboot.allowPXE: Invalid input: expected boolean, received string'],
    ],
    ['no interfaces', HARDWARE.split('  interfaces:')[0] ?? '', ['9:3 spec.interfaces: is missing']],
    [
      'a mistake in the template of a resource',
      TEMPLATE.replace('timeout: 600', 'timeout: soon'),
      ['19:22 spec.data: tasks[0].actions[0].timeout: "soon" is no time in whole seconds, 0 (no limit) or more'],
    ],
    ['no data', TEMPLATE.split('  data:')[0]?.replace('spec:', 'spec: {}') ?? '', ['6:7 spec.data: is missing']],
    [
      'a mistake in a plain template, after others',
      `${HARDWARE}---\n${PLAIN.replace('verb: reboot', 'verb: rebot')}`,
      [
        '47:15 tasks[0].actions[0].verb: "rebot" is no verb; did you mean "reboot"?; there are: reboot, poweroff, kexec',
      ],
    ],
    ['no template', WORKFLOW.replace('templateRef: ubuntu', ''), ['8:3 spec.templateRef: is missing']],
    [
      'a map that is none',
      WORKFLOW.replace(/hardwareMap:[\s\S]*$/, 'hardwareMap: [a]\n'),
      ['9:16 spec.hardwareMap: is no map of names in the template to addresses'],
    ],
    [
      'a workflow that is disabled',
      `${WORKFLOW}  disabled: true\n`,
      ['11:13 spec.disabled: a workflow cannot wait here; leave its document out until then'],
    ],
    ['YAML that is none', `${WORKFLOW}---\napiVersion: "x\n`, ['13:1 : YAML: Missing closing "quote']],
    [
      'a label that is no text',
      HARDWARE.replace('rack: a1', 'rack: 1'),
      ['7:11 metadata.labels.rack: is no text; put it in quotes'],
    ],
    [
      'hardware JSON without id',
      `{"network": {"interfaces": [{"dhcp": {"mac": "08:00:27:aa:00:02"}}]}}`,
      ['1:1 id: must be set to a UUID'],
    ],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => assert.deepEqual(told(parseManifests(text).problems), expected));
  }

  test('unknown keys are only warned of, where that is asked for', () => {
    const { manifests, problems, warnings } = parseManifests(HARDWARE.replace('spec:', 'sepc: {}\nspec:'), {
      lenient: true,
    });
    assert.deepEqual([manifests.length, problems], [1, []]);
    assert.match(warnings[0]?.message ?? '', /did you mean "spec"/);
  });

  test('aliases that multiply, and deep nesting', () => {
    const levels = Array.from({ length: 12 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(10)}]\n`).join('');
    for (const text of [`kind: x\nl0: &l0 [x]\n${levels}`, `kind: ${'['.repeat(20_000)}`]) {
      assert.match(parseManifests(text).problems[0]?.message ?? '', /^YAML: /);
    }
  });
});

describe('properties', () => {
  const piece = fc.constantFrom(
    ...['---\n', '...\n', HARDWARE, TEMPLATE, WORKFLOW, PLAIN, CLI_HARDWARE, '{', '[', '\n', 'kind: Hardware\n'],
    ...['apiVersion: tinkerbell.org/v1alpha1\n', 'metadata: {name: a}\n', 'spec: {', 'data: |\n  x\n', '&a ', '*a\n'],
    ...[
      'items: [1]\n',
      'kind: List\n',
      '- a\n',
      'network: {}\n',
      'tasks: []\n',
      '{{',
      '}}',
      ': ',
      '"',
      '__proto__: {}\n',
    ],
  );

  test('any text is read or refused with places in it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        const lines = text.split('\n').length;
        const { problems, warnings, manifests } = parseManifests(text);
        for (const { line = 0 } of [...problems, ...warnings, ...manifests])
          assert.ok(line >= 1 && line <= lines, `${line}`);
      }),
      { numRuns: 500 },
    );
  });

  test('documents come out as they were put together', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(HARDWARE, TEMPLATE, WORKFLOW, PLAIN), { maxLength: 5 }), (texts) => {
        assert.deepEqual(
          splitDocuments(texts.join('---\n')).map(({ text }) => text),
          texts,
        );
      }),
    );
  });
});

function resource() {
  const spec = { interfaces: [{ dhcp: { mac: '52:54:00:00:00:01' } }] };
  return { apiVersion: 'tinkerbell.org/v1alpha1', kind: 'Hardware', metadata: { name: 'n' }, spec };
}
