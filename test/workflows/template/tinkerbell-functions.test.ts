import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TinsmithError } from '../../../src/errors.ts';
import { render, type Value } from '../../../src/workflows/template/gotemplate/index.ts';
import { TEMPLATE_FUNCTIONS } from '../../../src/workflows/template/tinkerbell-functions.ts';

function rendered(template: string, data: Value = null): string {
  return render(template, data, { functions: TEMPLATE_FUNCTIONS }).text;
}

describe("Tinkerbell's functions", () => {
  const cases: [string, Value, string][] = [
    ['{{formatPartition "/dev/sda" 1}}', null, '/dev/sda1'],
    ['{{formatPartition "/dev/nvme0n1" 2}}', null, '/dev/nvme0n1p2'],
    ['{{formatPartition "/dev/mmcblk0" 1}}', null, '/dev/mmcblk0p1'],
    ['{{formatPartition "/dev/disk/by-id/wwn-0x5" 3}}', null, '/dev/disk/by-id/wwn-0x5-part3'],
    ['{{formatPartition (index .Hardware.Disks 0) 1}}', { Hardware: { Disks: ['/dev/vda'] } }, '/dev/vda1'],
    ['{{1 | formatPartition "/dev/sda"}}', null, '/dev/sda1'],
    ['{{netmaskToPrefixLength "255.255.255.0"}} {{netmaskToPrefixLength "255.255.240.0"}}', null, '24 20'],
    ['{{netmaskToPrefixLength "0.0.0.0"}} {{netmaskToPrefixLength "255.255.255.255"}}', null, '0 32'],
    ['{{toYaml .}}', { b: [1, 'two', { c: null }], a: { x: true } }, 'a:\n  x: true\nb:\n- 1\n- two\n- c: null'],
    ['{{toYaml .}}', ['yes', '1', 'a: b', ''], '- "yes"\n- "1"\n- "a: b"\n- ""'],
    ['{{toYaml "x"}} {{toYaml 1.5}} {{toYaml nil}}', null, 'x 1.5 null'],
    ['{{(fromYaml "a: {b: [1, x]}").a.b}}', null, '[1 x]'],
    ['{{range $k, $v := fromYaml .}}{{$k}}={{$v}};{{end}}', 'b: 2\na: true\n', 'a=true;b=2;'],
    ['{{toYaml (fromYaml "mac: 52:54:00:00:00:01")}}', null, 'mac: "52:54:00:00:00:01"'],
  ];
  for (const [template, data, expected] of cases) {
    test(template, () => assert.equal(rendered(template, data), expected));
  }
  const refusals: [string, RegExp][] = [
    ['{{formatPartition "/dev/sda"}}', /takes 2 arguments, not 1/],
    ['{{formatPartition 1 1}}', /device must be a string/],
    ['{{formatPartition "/dev/sda" "1"}}', /partition must be an int/],
    ['{{netmaskToPrefixLength "255.0.255.0"}}', /ones are not all in front/],
    ['{{netmaskToPrefixLength "255.255.255"}}', /no IPv4 netmask/],
    ['{{netmaskToPrefixLength "255.255.255.256"}}', /no IPv4 netmask/],
    ['{{netmaskToPrefixLength "ffff::"}}', /no IPv4 netmask/],
    ['{{fromYaml "a: ["}}', /fromYaml: /],
    ['{{fromYaml "*x"}}', /fromYaml: /],
    [`{{fromYaml "${'['.repeat(50_000)}"}}`, /nested too deep/],
    ['{{fromYaml 1}}', /YAML must be a string/],
  ];
  for (const [template, message] of refusals) {
    test(`refused: ${template.slice(0, 60)}`, () => {
      assert.throws(
        () => rendered(template),
        (error) => error instanceof TinsmithError && message.test(error.message) && error.problems[0]?.column === 3,
      );
    });
  }
});
