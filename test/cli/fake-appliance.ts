/** An appliance that answers what a test tells it to, and a terminal that keeps what is written. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import type { TestContext } from 'node:test';
import { PROBLEM_JSON, toProblemDetails } from '../../src/api/problem.ts';
import type { Machine, StreamEvent, Template, TraceEntry, Workflow } from '../../src/api/types.ts';
import { runCommandLine } from '../../src/cli/cli.ts';
import type { Screen, Terminal } from '../../src/cli/terminal.ts';

export const TOKEN = 'the-token';

export interface Asked {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** What a route gives: a value as JSON, an error as problem details, or whatever it writes itself (undefined). */
type Route = (asked: Asked, response: ServerResponse) => unknown;

export interface FakeAppliance {
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

/** Routes are `METHOD /path` below `/api/v1`, the query left out. */
export async function fakeAppliance(t: TestContext, routes: Record<string, Route>): Promise<FakeAppliance> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    asked.push(one);
    const path = one.url.replace(/\?.*/, '').replace('/api/v1', '');
    const route = routes[`${one.method} ${path}`];
    try {
      const value = route?.(one, response);
      if (route && value === undefined) return;
      response.writeHead(route ? 200 : 404, { 'content-type': route ? 'application/json' : PROBLEM_JSON });
      response.end(JSON.stringify(route ? value : { detail: `no route ${one.method} ${path}`, code: 'NOT_FOUND' }));
    } catch (error) {
      const details = toProblemDetails(error);
      response.writeHead(details.status, { 'content-type': PROBLEM_JSON }).end(JSON.stringify(details));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  t.after(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

/** A route that tells events and then stays open. */
export function telling(...events: StreamEvent[]): Route {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) tell(response, event);
  };
}

export function tell(response: ServerResponse, event: StreamEvent): void {
  response.write(`${event.seq ? `id: ${event.seq}\n` : ''}event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
}

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs a command line in this process, against an appliance. */
export async function tinsmith(
  appliance: { url: string } | undefined,
  words: string[],
  options: Partial<Terminal> & { stdin?: string | Buffer; tty?: boolean; onOutput?: (text: string) => void } = {},
): Promise<Ran> {
  const out = screen(options.tty);
  const err = screen(options.tty);
  if (options.onOutput) out.stream.on('data', () => options.onOutput?.(out.text()));
  const code = await runCommandLine(words, {
    stdout: out.stream,
    stderr: err.stream,
    environment: {
      TINSMITH_TOKEN: TOKEN,
      ...(appliance ? { TINSMITH_SERVER: appliance.url } : {}),
      ...options.environment,
    },
    input: async () => Buffer.from(options.stdin ?? ''),
    interrupted: options.interrupted ?? new AbortController().signal,
  });
  return { code, out: out.text(), err: err.text() };
}

export function screen(tty = false): { stream: Screen; text(): string } {
  const stream: Screen = new PassThrough();
  stream.isTTY = tty;
  stream.columns = 100;
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { stream, text: () => text };
}

export const MACHINE: Machine = {
  id: '0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94',
  name: 'node1',
  hardware: {
    id: '0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94',
    network: { interfaces: [{ dhcp: { mac: '52:54:00:00:00:01' } }] },
  },
  interfaces: [{ mac: '52:54:00:00:00:01', address: '192.168.1.51', hostname: 'node1' }, { mac: '52:54:00:00:00:02' }],
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

export const TEMPLATE: Template = {
  id: '11111111-2222-4333-8444-555555555555',
  name: 'ubuntu',
  data: 'version: "0.1"\nname: ubuntu\n',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-02T00:00:00.000Z',
};

const RUN: Workflow['actions'][number]['run'] = {
  kind: 'image',
  image: 'busybox',
  command: [],
  volumes: [],
  environment: {},
};

/** An action as most are. */
export const ACTION: Omit<Workflow['actions'][number], 'name'> = {
  task: 'os',
  machine: MACHINE.id,
  timeout: 60,
  retries: { limit: 0, backoff: 0 },
  condition: true,
  background: false,
  run: RUN,
  state: 'PENDING',
  attempt: 0,
};

export const WORKFLOW: Workflow = {
  id: '99999999-2222-4333-8444-555555555555',
  name: 'ubuntu',
  template: TEMPLATE.id,
  devices: { device_1: '52:54:00:00:00:01' },
  rendered: 'name: ubuntu\n',
  globalTimeout: 0,
  state: 'RUNNING',
  data: { kind: 'json' },
  tasks: [{ name: 'os', machine: MACHINE.id, timeout: 0 }],
  actions: [
    { ...ACTION, name: 'wipe', state: 'SUCCESS', attempt: 1 },
    { ...ACTION, name: 'stream', state: 'RUNNING', attempt: 1 },
  ],
  services: [],
  onFailure: [],
  onTimeout: [],
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  progress: 50,
  currentTask: 'os',
  currentAction: 'stream',
  currentWorker: MACHINE.id,
  currentActionState: 'RUNNING',
};

export function traced(second: number, what: string, more: Partial<TraceEntry> = {}): TraceEntry {
  return {
    time: new Date(Date.parse(WORKFLOW.createdAt) + second * 1000).toISOString(),
    mac: '52:54:00:00:00:01',
    role: 'dhcp',
    what,
    outcome: 'answered',
    reason: 'known',
    sentence: `${what} was answered`,
    details: {},
    ...more,
  };
}
