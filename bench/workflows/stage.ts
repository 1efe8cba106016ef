/** An appliance in a process of its own, with one machine and one workflow, and a Docker Engine for its worker. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { startEngine } from '../../test/peers/docker-engine.ts';
import { busyboxImage } from '../../test/peers/images.ts';
import { startChild } from './asked.ts';
import { openParts } from './parts.ts';

/** An image with a static busybox as `/bin/sh` and `/bin/true`. */
export const IMAGE = 'busybox:bench';
export const MAC = '02:00:00:00:00:01';

export interface Stage {
  /** `http://127.0.0.1:PORT` */
  server: string;
  token: string;
  adminToken: string;
  workflow: string;
  socket: string;
  /** What the engine pulls the image as. */
  image: string;
  directory: string;
  end(): Promise<void>;
}

/** @param actions YAML of the actions, as they are below `actions:` */
export async function setStage(actions: string): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'tinsmith-bench-'));
  const ends: (() => Promise<void>)[] = [async () => rmSync(directory, { recursive: true, force: true })];
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  try {
    const made = await fill(directory, actions);
    const child = await startChild('appliance.ts', [directory]);
    ends.push(() => child.stop());
    const engine = await startEngine();
    ends.push(() => engine.stop());
    const server = `http://127.0.0.1:${child.port}`;
    return { ...made, server, socket: engine.socket, image: `127.0.0.1:${child.port}/${IMAGE}`, directory, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function fill(
  directory: string,
  actions: string,
): Promise<{ token: string; adminToken: string; workflow: string }> {
  const parts = await openParts(directory);
  try {
    await parts.images.load(Readable.from([await busyboxImage([IMAGE])]));
    await parts.templates.create(
      `version: "0.1"\nname: bench\nglobal_timeout: 0\ntasks:\n  - name: os\n    worker: "{{.device_1}}"\n    actions:\n${actions}`,
    );
    const [machine] = await parts.machines.push([hardware()]);
    const token = await parts.workerTokens.issue(machine?.id ?? '');
    const { id } = await parts.workflows.create({ template: 'bench', devices: { device_1: MAC } });
    return { token, adminToken: parts.adminToken, workflow: id };
  } finally {
    await parts.store.close();
  }
}

function hardware(): object {
  const ip = { address: '10.1.0.1', gateway: '10.1.0.254', netmask: '255.255.255.0' };
  const dhcp = { arch: 'x86_64', hostname: 'machine-1', ip, mac: MAC, uefi: true };
  const interfaces = [{ dhcp, netboot: { allow_pxe: true, allow_workflow: true } }];
  return { id: randomUUID(), metadata: { facility: {}, instance: {}, state: '' }, network: { interfaces } };
}
