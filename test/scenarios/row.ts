/**
 * An appliance with a worker of its own, and the workers of two machines, each with a real Docker Engine: processes that
 * a test can kill.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import Docker from 'dockerode';
import { WorkerTokens } from '../../src/api/tokens.ts';
import type { Workflow } from '../../src/api/types.ts';
import { claimDataDirectory } from '../../src/store/index.ts';
import { started } from '../appliance/started.ts';
import { macOf } from '../machines/examples.ts';
import { type OwnEngine, startEngine } from '../peers/docker-engine.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { over, pushed } from '../workflows/made.ts';

/** For containers here: their start, their health checks, their grace, ms. */
const LONG = 60_000;

/** Engines of the appliance, of the first and of the second machine. */
export const PLACES = { appliance: 0, first: 1, second: 2 } as const;
type Place = keyof typeof PLACES;

export async function startEngines(): Promise<OwnEngine[]> {
  const engines: OwnEngine[] = [];
  for (const _ of Object.keys(PLACES)) engines.push(await startEngine());
  return engines;
}

/** A port that is free now. Containers here have the network of this computer, as they have in the in-memory OS. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Looks until there is something. */
export async function until<T>(what: string, find: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + LONG; ; await pause(50)) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    assert.ok(Date.now() < end, `${what}: not within ${LONG / 1000} s`);
  }
}

/** @param options.images archives that the appliance has for its workers */
export async function row(
  t: TestContext,
  {
    engines,
    images,
    templates: texts,
  }: { engines: readonly OwnEngine[]; images: readonly Buffer[]; templates: string[] },
) {
  const engineAt = (place: Place): OwnEngine => engines[PLACES[place]] ?? assert.fail(`no engine: ${place}`);
  const data = temporaryDirectory(t);
  claimDataDirectory(data).release();
  const { store, machines, templates } = await over(data);
  const tokens: string[] = [];
  for (const n of [1, 2]) tokens.push(await new WorkerTokens(store).issue((await pushed(machines, n)).id));
  for (const text of texts) await templates.create(text);
  await store.close();

  const port = await freePort();
  const appliance = () =>
    started(t, data, {
      provisioner: 'on',
      args: [
        ...['--dhcp', 'off', '--tftp', 'off', '--http-address', '127.0.0.1', '--http-port', String(port)],
        ...['--docker-socket', engineAt('appliance').socket],
      ],
    });
  let running = await appliance();
  const url = await running.url();
  const headers = { authorization: `Bearer ${running.token()}` };
  const api = async <T>(method: string, path: string, body?: string | Uint8Array<ArrayBuffer>): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}`, { method, headers, ...(body ? { body } : {}) });
    const answer = (await response.json()) as { data: T; detail?: string };
    assert.ok(response.ok, `${method} ${path}: ${answer.detail}`);
    return answer.data;
  };
  for (const image of images) await api('POST', 'images', new Uint8Array(image));

  const workers: ChildProcess[] = [];
  const directoryOf = (n: 1 | 2): string => join(engineAt(n === 1 ? 'first' : 'second').directory, 'workflows');
  const startWorker = (n: 1 | 2): void => {
    const settings = {
      ...{ server: url, token: tokens[n - 1], id: macOf(n), directory: directoryOf(n) },
      dockerSockets: [engineAt(n === 1 ? 'first' : 'second').socket],
    };
    workers[n] = spawn(
      process.execPath,
      [join(import.meta.dirname, '../peers/worker-process.ts'), JSON.stringify(settings)],
      { stdio: 'ignore' },
    );
  };
  const killWorker = async (n: 1 | 2): Promise<void> => {
    const worker = workers[n];
    if (!worker || worker.exitCode !== null || worker.signalCode !== null) return;
    worker.kill('SIGKILL');
    await once(worker, 'exit');
  };
  startWorker(1);
  startWorker(2);
  t.after(() => Promise.all([killWorker(1), killWorker(2)]));

  const containers = (place: Place, label: string) =>
    new Docker({ socketPath: engineAt(place).socket }).listContainers({ all: true, filters: { label: [label] } });
  const get = (id: string) => api<Workflow>('GET', `workflows/${id}`);
  return {
    ...{ url, api, get, startWorker, killWorker, containers },
    create: (template: string, hardware: Record<string, string> = {}, secrets: Record<string, string> = {}) =>
      api<Workflow>(
        'POST',
        'workflows',
        JSON.stringify({ template, hardware: { device_1: macOf(1), device_2: macOf(2), ...hardware }, secrets }),
      ),
    ended: (id: string) =>
      until('its end', async () => {
        const workflow = await get(id);
        return !['PENDING', 'RUNNING'].includes(workflow.state) && workflow;
      }),
    /** The output of one action, all attempts. */
    output: async (id: string, action: string): Promise<string> => {
      const logs = await api<{ entries: { text: string }[] }[]>(
        'GET',
        `workflows/${id}/logs?action=${encodeURIComponent(action)}`,
      );
      return logs.flatMap(({ entries }) => entries.map(({ text }) => text)).join('');
    },
    /** Puts files into the folder that a workflow's containers share on a machine. */
    place: (n: 1 | 2, id: string, ...files: string[]): void => {
      const directory = join(directoryOf(n), id);
      mkdirSync(directory, { recursive: true });
      for (const file of files) writeFileSync(join(directory, file), '');
    },
    killAppliance: async (): Promise<void> => {
      process.kill(-running.pid, 'SIGKILL');
      await running.ended;
      running = await appliance();
      await running.url();
    },
    /** All that the appliance has said. */
    said: () => running.said.join('\n'),
    data,
  };
}
