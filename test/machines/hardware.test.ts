/** Hardware data: what is taken as it is, and how each refusal names its field. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TinsmithError } from '../../src/errors.ts';
import { parseHardware, unknownFields } from '../../src/machines/hardware.ts';
import { FULL, hardware } from './examples.ts';

/** FULL with one value replaced, by the path of keys to it; undefined takes the key away. */
function withValue(path: (string | number)[], value: unknown): unknown {
  const copy = structuredClone(FULL) as unknown;
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

function problemsOf(input: unknown): string[] {
  try {
    parseHardware(input, 'server.json');
  } catch (error) {
    assert.ok(error instanceof TinsmithError);
    assert.equal(error.code, 'INVALID_INPUT');
    assert.match(error.message, /^server\.json is not usable: /);
    return error.problems.map(({ field, message }) => `${field} ${message}`);
  }
  return [];
}

describe('hardware data', () => {
  it('of the Tinkerbell CLI era is kept as it is, but for the case of id and MAC', () => {
    const given = structuredClone(FULL);
    const parsed = parseHardware(given);
    assert.deepEqual(given, FULL, 'what was given is not changed');
    const expected = structuredClone(FULL) as typeof FULL;
    expected.id = FULL.id.toLowerCase();
    for (const { dhcp } of expected.network.interfaces) dhcp.mac = dhcp.mac.toLowerCase().replaceAll('-', ':');
    assert.deepEqual(parsed, expected);
    assert.deepEqual(JSON.parse(JSON.stringify(parsed)), JSON.parse(JSON.stringify(expected)));
    assert.deepEqual(unknownFields(parsed), []);
  });

  it('keeps fields that nobody knows, and says where they are', () => {
    const input = withValue(['network', 'interfaces', 0, 'dhcp', 'vlan_id'], '5') as typeof FULL;
    const parsed = parseHardware({ ...input, colour: 'blue', network: { ...input.network, bonding: { mode: 5 } } });
    assert.equal((parsed as Record<string, unknown>).colour, 'blue');
    assert.deepEqual((parsed.network as Record<string, unknown>).bonding, { mode: 5 });
    assert.deepEqual(unknownFields(parsed), ['network.bonding', 'network.interfaces[0].dhcp.vlan_id']);
  });

  it('takes metadata as text too, as it travelled on Tinkerbell’s wire', () => {
    assert.deepEqual(parseHardware({ ...hardware(1), metadata: '{"state":"x"}' }).metadata, { state: 'x' });
    assert.deepEqual(parseHardware({ ...hardware(1), metadata: '' }).metadata, {});
    assert.equal(parseHardware({ ...hardware(1), metadata: null }).metadata, null);
    for (const metadata of ['{', '[1]', 'null'])
      assert.deepEqual(problemsOf({ ...hardware(1), metadata }), ['metadata is not a JSON object']);
  });

  it('names no machine as templates name the worker on the appliance itself', () => {
    for (const hostname of ['provisioner', 'Provisioner'])
      assert.deepEqual(problemsOf(hardware(1, { hostname })), [
        'network.interfaces[0].dhcp.hostname is the name of the worker on the appliance itself',
      ]);
  });

  it('nests no deeper than what reads it can go', () => {
    const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
    assert.deepEqual(problemsOf({ ...hardware(1), metadata: { a: nested(100) } }), []);
    for (const levels of [250, 20_000])
      assert.deepEqual(problemsOf({ ...hardware(1), metadata: { a: nested(levels) } }), [
        'the document nests lists and maps more than 200 deep',
      ]);
  });

  it('takes an id made by hand', () => {
    assert.equal(problemsOf({ ...hardware(1), id: '11111111-1111-1111-1111-111111111111' }).length, 0);
  });

  const dhcp = ['network', 'interfaces', 0, 'dhcp'];
  for (const [path, value, expected] of [
    [['id'], undefined, /^id (must be set to a UUID|is missing)/],
    [['id'], 'server-1', /^id must be set to a UUID/],
    [['network'], undefined, /^network is missing/],
    [['network', 'interfaces'], undefined, /^network\.interfaces is missing/],
    [['network', 'interfaces'], [], /^network\.interfaces needs at least one interface/],
    [['network', 'interfaces', 0, 'dhcp'], undefined, /^network\.interfaces\[0\]\.dhcp is missing/],
    [[...dhcp, 'mac'], undefined, /^network\.interfaces\[0\]\.dhcp\.mac is missing/],
    [[...dhcp, 'mac'], '08:00:27:00:00', /^network\.interfaces\[0\]\.dhcp\.mac is not a MAC address/],
    [[...dhcp, 'mac'], '08:00-27:00:00:01', /dhcp\.mac is not a MAC address/],
    [[...dhcp, 'mac'], 'ff:ff:ff:ff:ff:ff', /dhcp\.mac is a multicast address/],
    [[...dhcp, 'mac'], '00:00:00:00:00:00', /dhcp\.mac is all zeros/],
    [[...dhcp, 'mac'], '08:00:27:aa:bb:02', /^network\.interfaces\[1\]\.dhcp\.mac .* is also that of interface 0/],
    [[...dhcp, 'ip', 'address'], '192.168.1.500', /dhcp\.ip\.address is not an IPv4 address/],
    [[...dhcp, 'ip', 'address'], '127.0.0.5', /dhcp\.ip\.address is an address that no machine can have/],
    [[...dhcp, 'ip', 'address'], '239.1.1.1', /dhcp\.ip\.address is an address that no machine can have/],
    [[...dhcp, 'ip', 'address'], '192.168.1.7', /dhcp\.ip\.address .* first or last address of its subnet/],
    [[...dhcp, 'ip', 'netmask'], '255.0.255.0', /dhcp\.ip\.netmask is not a netmask/],
    [
      [...dhcp, 'ip', 'gateway'],
      '192.168.2.1',
      /dhcp\.ip\.gateway 192\.168\.2\.1 is not in the subnet of 192\.168\.1\.5/,
    ],
    [[...dhcp, 'ip', 'gateway'], 'x', /dhcp\.ip\.gateway is not an IPv4 address/],
    [
      ['network', 'interfaces', 1, 'dhcp', 'ip', 'address'],
      '192.168.1.5',
      /^network\.interfaces\[1\]\.dhcp\.ip\.address .* also that of interface 0/,
    ],
    [[...dhcp, 'ip', 'family'], 6, /dhcp\.ip\.family only family 4/],
    [[...dhcp, 'hostname'], 'a_b', /dhcp\.hostname is not a host name/],
    [[...dhcp, 'lease_time'], -1, /dhcp\.lease_time/],
    [[...dhcp, 'name_servers'], ['1.1.1.1', 'x'], /dhcp\.name_servers\[1\] is not an IPv4 address/],
    [[...dhcp, 'time_servers'], 'x', /dhcp\.time_servers/],
    [[...dhcp, 'uefi'], 'no', /dhcp\.uefi/],
    [['network', 'interfaces', 0, 'netboot', 'allow_pxe'], 'yes', /interfaces\[0\]\.netboot\.allow_pxe/],
    [['network', 'interfaces', 0, 'netboot', 'ipxe', 'url'], 'tftp://x/y', /ipxe\.url is not an http or https URL/],
    [['metadata'], 7, /^metadata/],
  ] as [(string | number)[], unknown, RegExp][]) {
    it(`with ${path.join('.')} = ${JSON.stringify(value)} is refused, and the field is named`, () => {
      const problems = problemsOf(withValue(path, value));
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', expected);
    });
  }

  it('that is nothing of the kind is refused as a whole', () => {
    for (const input of [null, 'text', 7, [], undefined]) {
      const problems = problemsOf(input);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', /^the document /);
    }
  });

  it('with several faults is told of them all', () => {
    const problems = problemsOf({ network: { interfaces: [{ dhcp: { mac: 'x', hostname: '-' } }] } });
    assert.deepEqual(
      problems.map((problem) => problem.split(' ')[0]),
      ['id', 'network.interfaces[0].dhcp.mac', 'network.interfaces[0].dhcp.hostname'],
    );
  });
});
