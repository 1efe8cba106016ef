/** The trace of a whole appliance: what it heard is known after a restart, and what it would answer is said by itself. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import type { Explained, FirmwarePreview, TraceEntry } from '../../src/api/types.ts';
import { startAppliance } from '../../src/appliance/appliance.ts';
import { readSettings } from '../../src/appliance/settings.ts';
import { encode } from '../../src/boots/dhcp/packet.ts';
import { claimDataDirectory } from '../../src/store/index.ts';
import { captured } from '../boots/dhcp/captured.ts';
import { alter } from '../boots/dhcp/requests.ts';
import { hardware, macOf } from '../machines/examples.ts';
import { temporaryDirectory } from '../store/opened.ts';

async function started(data: string) {
  const settings = readSettings({
    flags: {
      ...{ data, interface: ['lo'], 'http-address': '127.0.0.1', 'http-port': 0, grpc: 'off', provisioner: 'off' },
      ...{ dhcp: 'reservation', 'dhcp-port': 0, tftp: 'off' },
    },
    environment: {},
    readFile: () => '',
  });
  const appliance = await startAppliance(settings, claimDataDirectory(data), pino({ level: 'silent' }));
  const boundOf = (role: string) => appliance.status().roles.find(({ name }) => name.startsWith(role))?.bound[0] ?? '';
  const api = async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`http://${boundOf('http')}/api/v1/${path}`, {
      headers: { authorization: `Bearer ${readFileSync(join(data, 'token'), 'utf8').trim()}` },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return (await response.json()) as T;
  };
  const port = Number(/:(\d+) /.exec(boundOf('dhcp'))?.[1]);
  return { appliance, api, port };
}

describe('the trace of an appliance', () => {
  it('is known after a restart, and so is why the machine did not boot', async (t) => {
    const data = temporaryDirectory(t);
    const first = await started(data);
    let stopped = false;
    t.after(async () => stopped || (await first.appliance.stop()));
    const socket = createSocket('udp4');
    socket.send(
      encode(alter(captured('edk2-pxe-discover'), { chaddr: macOf(9) }), 1500).bytes,
      first.port,
      '127.0.0.1',
    );
    const traceOf = async ({ api }: typeof first) => (await api<{ data: TraceEntry[] }>(`trace/${macOf(9)}`)).data;
    for (let tries = 0; (await traceOf(first)).length === 0; tries++) {
      assert.ok(tries < 200, 'the packet was not noted');
      await pause(20);
    }
    socket.close();
    const before = await traceOf(first);
    stopped = true;
    await first.appliance.stop();

    const second = await started(data);
    t.after(() => second.appliance.stop());
    assert.deepEqual(await traceOf(second), before);
    const { data: told } = await second.api<{ data: Explained }>(`explain/${macOf(9)}`);
    assert.deepEqual([told.state, told.code, told.boot], ['declined', 'unknown-machine', 1]);
  });

  it('has nothing of what is only looked at', async (t) => {
    const { appliance, api } = await started(temporaryDirectory(t));
    t.after(() => appliance.stop());
    await api('machines', hardware(1, { hostname: 'node1', ip: '10.0.0.9' }));
    const { firmware } = await api<FirmwarePreview>('preview/node1/firmware?arch=uefi');
    assert.deepEqual(
      firmware.map(({ architecture, answered, reason }) => [architecture, answered, reason]),
      [[7, false, 'no-workflow']],
    );
    assert.deepEqual((await api<{ data: unknown[] }>('trace')).data, []);
  });
});
