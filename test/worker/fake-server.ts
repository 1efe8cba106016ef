/** A server of the worker API in memory: one machine, a list of actions, and the means to be away or to refuse. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DATA_VERSION_HEADER,
  type Discover,
  discover,
  type Hello,
  heartbeat,
  hello,
  type InventoryPost,
  inventoryPost,
  type JobRun,
  type LogEntry,
  logPost,
  type Progress,
  type Report,
  report,
  type StopNotice,
} from '../../src/worker/protocol.ts';
import { ownLoopback } from '../loopback.ts';

export interface FakeAction {
  name: string;
  timeout?: number;
  background?: boolean;
  data?: { kind: 'json' | 'binary'; limit: number };
  run:
    | { kind: 'verb'; verb: 'reboot' | 'poweroff' | 'kexec' }
    | JobRun
    | {
        kind: 'container';
        image: string;
        pull?: string;
        command?: string[];
        volumes?: string[];
        environment?: Record<string, string>;
        secrets?: string[];
      };
}

export class FakeServer {
  readonly #host = ownLoopback();
  readonly token = 'secret-token';
  readonly workflow: string = randomUUID();
  readonly actions: FakeAction[];
  /** Requests as `METHOD path`, in order. */
  readonly requests: string[] = [];
  readonly reports: Report[] = [];
  /** Of each heartbeat. */
  readonly progress: (Progress | undefined)[] = [];
  readonly logs = new Map<string, LogEntry[]>();
  attempt = 1;
  current = 0;
  ended: Report['state'] | undefined;
  verb: string | undefined;
  /** Why the worker is to end. */
  exit: string | undefined;
  readonly hellos: Hello[] = [];
  readonly discovered: Discover[] = [];
  readonly inventories: InventoryPost['inventory'][] = [];
  /** The queries of the questions for work. */
  readonly questions: URLSearchParams[] = [];
  /** Told at heartbeats; undefined: go on. */
  unwanted: string | undefined;
  /** Answers these instead; taken one by one. */
  readonly statuses: number[] = [];
  /** The path that is answered 409. */
  refused: string | undefined;
  /** Does what it is asked, but the answers to reports are lost; counted down. */
  loseReports = 0;
  /** Every version of the ephemeral data, the first at 0. */
  readonly data: Buffer[] = [];
  /** Of each update, in order. */
  readonly updates: { action: number; base: number; text: string }[] = [];
  /** False: there is no stream, as with an old server. */
  hasStream = true;
  /** How often it was opened. */
  streams = 0;
  readonly #open = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;
  readonly #watchers = new Set<() => void>();

  constructor(actions: FakeAction[] = []) {
    this.actions = actions;
  }

  get url(): string {
    return `http://${this.#host}:${this.#port}`;
  }

  async start(): Promise<this> {
    const server = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const query = new URL(req.url ?? '', this.url);
        if (query.pathname.endsWith('/stream') && this.hasStream) return this.#stream(res);
        const { status, body, lost } = this.#answer(req, Buffer.concat(chunks).toString());
        if (lost) res.destroy();
        else if (Buffer.isBuffer(body)) res.writeHead(status, { [DATA_VERSION_HEADER]: this.data.length }).end(body);
        else res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        for (const watcher of this.#watchers) watcher();
      });
    });
    await new Promise<void>((resolve) => server.listen(this.#port, this.#host, resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** As if killed: what it had been told is kept, connections break. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Tells the worker by the stream. */
  notify(event: 'work' | 'services' | 'stop', data?: StopNotice): void {
    for (const res of this.#open) res.write(`event: ${event}\ndata: ${JSON.stringify(data ?? {})}\n\n`);
  }

  #stream(res: ServerResponse): void {
    this.streams += 1;
    this.#open.add(res);
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
    const alive = setInterval(() => res.write(':\n\n'), 100);
    res.once('close', () => {
      clearInterval(alive);
      this.#open.delete(res);
    });
    for (const watcher of this.#watchers) watcher();
  }

  /** Resolves when the condition holds, looked at after each request. */
  async until(condition: () => boolean, ms = 60_000): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(
          new Error(
            `not reached in ${ms} ms; requests: ${this.requests.slice(-12).join(', ')}; reports: ${JSON.stringify(this.reports)}`,
          ),
        );
      }, ms);
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  /** The text that an action's log holds. */
  text(action: number, attempt = 1): string {
    return (this.logs.get(`${action}/${attempt}`) ?? []).map(({ text }) => text).join('');
  }

  final(action: number): Report | undefined {
    return this.reports.find((one) => one.action === action && one.state !== 'RUNNING');
  }

  #answer(req: IncomingMessage, text: string): { status: number; body: unknown; lost?: boolean } {
    const path = (req.url ?? '').replace('/api/v1/worker/', '').replace(/\?.*/, '');
    // Services are asked for, and the inventory told, beside all else, and data with each action.
    if (!['services', 'data', 'inventory'].includes(path)) this.requests.push(`${req.method} ${path}`);
    const status = path === 'inventory' ? undefined : this.statuses.shift();
    if (path === this.refused) return { status: 409, body: { title: 'Conflict', detail: 'Not this one.' } };
    if (status !== undefined) return { status, body: { title: 'told to', detail: `answered ${status}.` } };
    if (req.headers.authorization !== `Bearer ${this.token}`)
      return { status: 401, body: { title: 'no', detail: 'This token opens no machine.' } };
    if (path === 'data') return this.#data(req, text);
    const json: unknown = text === '' ? undefined : JSON.parse(text);
    switch (path) {
      case 'hello':
        this.#hello(hello.parse(json));
        return { status: 200, body: { machine: { id: 'm1', name: 'node1' }, time: Date.now() } };
      case 'discover':
        this.discovered.push(discover.parse(json));
        return { status: 200, body: { machine: { id: 'm1', name: 'node1' } } };
      case 'inventory':
        this.inventories.push(inventoryPost.parse(json).inventory);
        return { status: 200, body: { kept: true } };
      case 'work':
        this.questions.push(new URL(req.url ?? '', this.url).searchParams);
        return { status: 200, body: this.#work() };
      case 'log': {
        const post = logPost.parse(json);
        const key = `${post.action}/${post.attempt}`;
        const held = this.logs.get(key) ?? [];
        this.logs.set(key, held);
        if (post.from <= held.length) held.push(...post.entries.slice(held.length - post.from));
        return { status: 200, body: { next: held.length } };
      }
      case 'heartbeat': {
        const beat = heartbeat.parse(json);
        this.progress.push(beat.progress);
        return { status: 200, body: { continue: this.unwanted === undefined, reason: this.unwanted ?? '' } };
      }
      case 'report': {
        const outcome = this.#report(report.parse(json));
        if (this.loseReports > 0) {
          this.loseReports -= 1;
          return { status: 0, body: undefined, lost: true };
        }
        return { status: 200, body: { acknowledged: true, outcome } };
      }
      default:
        return { status: 404, body: { title: 'no such path' } };
    }
  }

  #data(req: IncomingMessage, text: string): { status: number; body: unknown } {
    if (req.method === 'GET') return { status: 200, body: this.data.at(-1) ?? Buffer.alloc(0) };
    const { searchParams } = new URL(req.url ?? '', this.url);
    const base = Number(searchParams.get('base'));
    this.updates.push({ action: Number(searchParams.get('action')), base, text });
    if (base !== this.data.length)
      return { status: 409, body: { title: 'Conflict', detail: 'node1 and node2 have both written the key a.' } };
    this.data.push(Buffer.from(text));
    return { status: 200, body: { version: this.data.length, merged: false } };
  }

  /** A Job that another worker was running is lost, and begun anew. */
  #hello(said: Hello): void {
    const job = this.actions[this.current]?.run.kind === 'job';
    const begun = this.reports.some(({ action, attempt }) => action === this.current && attempt === this.attempt);
    if (job && begun && this.ended === undefined) this.attempt += 1;
    this.hellos.push(said);
  }

  #work(): unknown {
    if (this.exit !== undefined) return { kind: 'exit', reason: this.exit };
    if (this.verb) return { kind: 'verb', verb: this.verb, workflow: this.workflow };
    const action = this.actions[this.current];
    if (this.ended || !action) return { kind: 'idle', reason: 'no workflow is waiting for this machine' };
    const run =
      action.run.kind !== 'container'
        ? action.run
        : {
            environment: {},
            volumes: [],
            command: [],
            secrets: [],
            mountsExecutable: false,
            pull: action.run.image,
            ...action.run,
          };
    return {
      kind: 'action',
      workflow: this.workflow,
      action: this.current,
      attempt: this.attempt,
      task: 'os',
      name: action.name,
      total: this.actions.length,
      timeout: action.timeout ?? 0,
      background: action.background ?? false,
      data: action.data ?? { kind: 'json', limit: 1000 },
      run,
    };
  }

  #report(told: Report): 'recorded' | 'repeated' | 'superseded' {
    const same = (one: Report): boolean =>
      one.action === told.action && one.attempt === told.attempt && one.state === told.state;
    if (this.reports.some(same)) return 'repeated';
    if (told.attempt < this.attempt) return 'superseded';
    this.reports.push(told);
    if (told.state === 'SUCCESS') {
      const run = this.actions[told.action]?.run;
      if (run?.kind === 'verb') this.verb = run.verb;
      this.current += 1;
    } else if (told.state !== 'RUNNING') this.ended = told.state;
    return 'recorded';
  }
}
