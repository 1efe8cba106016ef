/** An appliance in a network namespace of its own, to which a machine tells what it does. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { hardware, macOf } from '../machines/examples.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { started } from './started.ts';

const WIRE =
  'ip link set lo up; ip link add wire0 type veth peer name wire1; ip link set wire1 up; ip link set wire0 up; ip address add 10.79.0.1/24 dev wire0';
const tools = ['unshare', 'nsenter', 'ip', 'logger'].filter((tool) => spawnSync(tool, ['-V']).error);
const skip = process.getuid?.() !== 0 ? 'needs root' : tools.length > 0 && `${tools.join(', ')} not installed`;

describe('syslog of an appliance', { skip }, () => {
  it('is filed with the machine whose address it comes from', async (t) => {
    const args = ['--interface', 'wire0', '--dhcp', 'off', '--tftp', 'off'];
    const up = await started(t, temporaryDirectory(t), { args, namespace: WIRE });
    const { bound } = await up.told(({ msg, role }) => msg === 'started' && role === 'syslog');
    assert.deepEqual(bound, ['10.79.0.1:514']);
    await up.url();
    const inside = (...command: string[]): string =>
      execFileSync('nsenter', ['-t', String(up.pid), '-n', ...command]).toString();
    const api = (path: string, ...more: string[]): string =>
      inside(
        'curl',
        '-sS',
        '-H',
        `Authorization: Bearer ${up.token()}`,
        `http://10.79.0.1:8080/api/v1${path}`,
        ...more,
      );
    // The machine that has the address which logger sends from.
    api('/machines', '-H', 'Content-Type: application/json', '-d', JSON.stringify(hardware(1, { ip: '10.79.0.1' })));
    inside(
      'logger',
      '-n',
      '10.79.0.1',
      '-d',
      '--rfc5424',
      '-p',
      'kern.warning',
      '-t',
      'installer',
      'no disk \x1b[31mfound',
    );
    const seen = () =>
      (JSON.parse(api(`/trace/${macOf(1)}`)) as { data: Record<string, string>[] }).data.find(
        ({ role }) => role === 'syslog',
      );
    while (seen() === undefined) await new Promise(setImmediate);
    const entry = seen();
    assert.deepEqual(
      [entry?.what, entry?.reason, entry?.sentence, entry?.outcome],
      ['installer', 'warning', 'no disk \\x1b[31mfound', 'completed'],
    );
    assert.equal((await up.stop()).code, 0);
  });
});
