import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Hardware, parseHardware } from '../../src/machines/hardware.ts';
import { unifiedDiff } from '../../src/manifests/diff.ts';
import { machineDocument, templateDocument, toYaml, workflowDocument } from '../../src/manifests/documents.ts';
import type { Origin } from '../../src/manifests/identity.ts';
import { parseManifests } from '../../src/manifests/index.ts';
import { FULL } from '../machines/examples.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'B', '0', ' ', ':', '#', '"', "'", '\n', 'é', '~', '-', '{') });
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)));
const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/);
const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), text, { minKeys: 1, maxKeys: 3 });
const origin: fc.Arbitrary<Origin> = fc.record(
  { name, namespace: name, labels, annotations: labels },
  { requiredKeys: ['name', 'namespace'] },
);

const optional = { requiredKeys: [] as never[] };
const dhcp = fc.record(
  {
    hostname: fc.stringMatching(/^[a-z0-9]{1,10}$/),
    lease_time: fc.nat(100_000),
    name_servers: fc.constantFrom([], ['1.1.1.1'], ['1.1.1.1', '8.8.8.8']),
    arch: text,
    uefi: fc.boolean(),
    vlan_id: fc.constantFrom('5', 5),
    ip: fc.constantFrom({ address: '10.0.0.9' }, { address: '10.0.0.9', netmask: '255.255.255.0', family: 4 }),
  },
  optional,
);
const netboot = fc.record(
  {
    allow_pxe: fc.boolean(),
    allow_workflow: fc.boolean(),
    ipxe: fc.record({ url: fc.constantFrom('', 'http://x/y'), contents: text, binary: text }, optional),
    osie: fc.record({ base_url: text, kernel: text, kernelParams: fc.array(text, { maxLength: 2 }) }, optional),
    // As the record of a machine may be, but no resource.
    allowPXE: fc.boolean(),
    odd: json,
  },
  optional,
);
const hardware: fc.Arbitrary<Hardware> = fc
  .record(
    {
      id: fc.uuid(),
      interfaces: fc.array(fc.record({ dhcp, netboot, disableDhcp: fc.boolean() }, { requiredKeys: ['dhcp'] }), {
        minLength: 1,
        maxLength: 3,
      }),
      metadata: fc.oneof(
        fc.constant(null),
        fc.record(
          { instance: fc.record({ id: fc.uuid(), hostname: text, tags: json }, optional), custom: json },
          optional,
        ),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), json),
      ),
      disks: fc.constantFrom([], [{ device: '/dev/sda' }]),
      userData: text,
      odd: json,
      version: fc.nat(),
    },
    { requiredKeys: ['id', 'interfaces'] },
  )
  .map(({ interfaces, ...rest }) => {
    const used = interfaces.map((each, index) => {
      const { ip, ...others } = each.dhcp;
      const address = ip && index === 0 ? { ip } : {};
      return { ...each, dhcp: { ...others, ...address, mac: `52:54:00:00:00:0${index}` } };
    });
    return parseHardware(JSON.parse(JSON.stringify({ ...rest, network: { interfaces: used } })));
  });

describe('documents of what there is', () => {
  test('any hardware comes back from its document as it was', () => {
    fc.assert(
      fc.property(hardware, fc.option(origin, { nil: undefined }), (record, by) => {
        const machine = { id: record.id, name: 'some name', hardware: record, createdAt: 0, updatedAt: 0 };
        const { manifests, problems } = parseManifests(toYaml([machineDocument(machine, by)]));
        assert.deepEqual(problems, []);
        assert.ok(manifests.length === 1 && manifests[0]?.kind === 'hardware');
        assert.deepEqual(manifests[0].hardware, record);
        if (by !== undefined && manifests[0].origin !== undefined) {
          assert.deepEqual([manifests[0].origin.name, manifests[0].origin.namespace], [by.name, by.namespace]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('hardware that Tinkerbell’s resource has room for is one; other hardware is JSON of its command line', () => {
    const { version: _, ...full } = FULL;
    for (const [input, kind] of [
      [full, 'Hardware'],
      [FULL, undefined],
      [{ ...full, odd: 1 }, undefined],
    ] as const) {
      const record = parseHardware(input);
      const machine = { id: record.id, name: 'server001', hardware: record, createdAt: 0, updatedAt: 0 };
      const document = machineDocument(machine, undefined);
      assert.equal('kind' in document ? document.kind : undefined, kind);
    }
  });

  test('any template comes back with its text', () => {
    fc.assert(
      fc.property(text, fc.option(origin, { nil: undefined }), (comment, by) => {
        const data = `# ${comment.replaceAll('{', '').replaceAll('\n', '\n# ')}\nversion: "0.1"\nname: t\ntasks: [{name: t, worker: w, actions: [{name: a, verb: reboot}]}]\n`;
        const template = { id: 'i', name: 't', data, createdAt: 0, updatedAt: 0 };
        const { manifests, problems } = parseManifests(toYaml([templateDocument(template, by)]));
        assert.deepEqual(problems, []);
        assert.ok(manifests.length === 1 && manifests[0]?.kind === 'template');
        assert.equal(manifests[0].data, data);
      }),
    );
  });

  test('any workflow comes back with its id, its map and its state', () => {
    const devices = fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), json, { maxKeys: 4 });
    fc.assert(
      fc.property(fc.uuid(), devices, name, fc.option(origin, { nil: undefined }), (id, map, template, by) => {
        const document = workflowDocument({ id, devices: map, state: 'RUNNING' }, by, template);
        const { manifests, problems } = parseManifests(toYaml([document]));
        assert.deepEqual(problems, []);
        assert.ok(manifests.length === 1 && manifests[0]?.kind === 'workflow');
        const { templateRef, state } = manifests[0];
        assert.deepEqual(
          [manifests[0].id, manifests[0].devices, templateRef, state],
          [id, { ...map }, template, 'RUNNING'],
        );
      }),
    );
  });
});

describe('diffs', () => {
  const lines = (...all: string[]): string => all.map((line) => `${line}\n`).join('');
  test('in unified form, with three lines around each change', () => {
    const before = lines('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14', '15');
    const after = before.replace('2\n', 'two\n').replace('14\n', '').replace('15\n', '15\n16\n');
    assert.equal(
      unifiedDiff(before, after),
      [
        ...['@@ -1,5 +1,5 @@', ' 1', '-2', '+two', ' 3', ' 4', ' 5'],
        ...['@@ -11,5 +11,5 @@', ' 11', ' 12', ' 13', '-14', ' 15', '+16'],
      ].join('\n'),
    );
    assert.equal(unifiedDiff('', lines('a', 'b')), '@@ -0,0 +1,2 @@\n+a\n+b');
    assert.equal(unifiedDiff('a', 'a\n'), '@@ -1,2 +1,1 @@\n a\n-\\ No newline at end of file');
    assert.equal(unifiedDiff(before, before), '');
  });

  test('what they keep and put in is the second text, what they keep and take out the first', () => {
    const some = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 }).map((all) => lines(...all));
    fc.assert(
      fc.property(some, some, (before, after) => {
        let at = 0;
        const source = before.split('\n').slice(0, -1);
        const out: string[] = [];
        for (const line of unifiedDiff(before, after).split('\n')) {
          const head = /^@@ -(\d+),(\d+) /.exec(line);
          if (head !== null) {
            const start = Number(head[1]) - (Number(head[2]) === 0 ? 0 : 1);
            out.push(...source.slice(at, start));
            at = start;
          } else if (line[0] === '+') out.push(line.slice(1));
          else if (line !== '') {
            assert.equal(source[at], line.slice(1));
            if (line[0] === ' ') out.push(line.slice(1));
            at += 1;
          }
        }
        assert.deepEqual([...out, ...source.slice(at)], after.split('\n').slice(0, -1));
      }),
    );
  });

  test('large texts that have nothing in common', () => {
    const many = (text: string): string => lines(...Array.from({ length: 20_000 }, (_, index) => text + index));
    assert.equal(unifiedDiff(many('a'), many('b')).split('\n').length, 40_001);
  });
});
