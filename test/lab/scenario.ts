/**
 * Scenarios with virtual machines. Each test file is two things: run by the test runner it starts itself again inside
 * network, process and mount namespaces of its own (so that nothing can be left behind), and there it is the scenario.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Data, Machine, StreamEvent, Template, Workflow, WorkflowActionEvent } from '../../src/api/types.ts';
import { hardwareOf, Session, type SessionOptions } from '../../src/lab/session.ts';
import { isolated } from '../../src/lab/shell.ts';
import { startEngine } from '../peers/docker-engine.ts';

const DIRECTORY = 'TINSMITH_TEST_LAB';
const DIST = resolve(import.meta.dirname, '../../dist');
export const EXECUTABLE = join(DIST, 'tinsmith');

/** What a scenario works with. */
export interface Stage {
  session: Session;
  /** Everything of this scenario lies there, and goes with it. */
  directory: string;
  /** Makes all machines of the session known. */
  addMachines(): Promise<void>;
  /** Creates a template and a workflow of it for machine `number` (from 1). @returns its id. */
  addWorkflow(yaml: string, hardware?: Record<string, string>, number?: number): Promise<string>;
  workflow(id: string): Promise<Workflow>;
  history(id: string): Promise<WorkflowActionEvent[]>;
  /** Waits for an event; those before this call count too. Fails after so many seconds, with the serial lines. */
  until(what: string, wanted: (event: StreamEvent) => boolean, seconds?: number): Promise<StreamEvent>;
  say(text: string): void;
}

export interface ScenarioOptions
  extends Pick<SessionOptions, 'firmware' | 'dhcp'>,
    Partial<Pick<SessionOptions, 'images'>> {
  /** More flags of `up`. */
  flags?: readonly string[];
  /** Seconds the whole scenario may take. */
  limit: number;
  /** MiB of each machine. */
  memory?: number;
  /** Whether the appliance has a Docker Engine, and so the worker `provisioner`. */
  provisioner?: boolean;
}

/** Declares the one test of a file. @param file its `import.meta.url` */
export function scenario(
  name: string,
  file: string,
  options: ScenarioOptions,
  play: (stage: Stage) => Promise<void>,
): void {
  const directory = process.env[DIRECTORY];
  if (directory !== undefined) {
    void perform(directory, options, play);
    return;
  }
  test(name, { timeout: options.limit * 1000 }, async (context) => {
    const fresh = mkdtempSync(join(tmpdir(), 'tinsmith-scenario-'));
    mkdirSync(join(fresh, 'data'), { mode: 0o700 });
    try {
      const { program, args } = isolated(process.execPath, [fileURLToPath(file)]);
      const child = spawn(program, args, {
        env: { ...process.env, [DIRECTORY]: fresh },
        stdio: ['ignore', 'pipe', 'pipe'],
        signal: context.signal,
        killSignal: 'SIGKILL',
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
        });
      }
      const code = await new Promise((done) => {
        child.once('error', () => done('it was ended at its limit'));
        child.once('close', done);
      });
      for (const line of output.split('\n').filter((each) => each.startsWith('scenario: '))) context.diagnostic(line);
      assert.equal(code, 0, `the scenario failed (${String(code)}):\n${output}`);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  });
}

async function perform(
  directory: string,
  options: ScenarioOptions,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const engine = options.provisioner ? await startEngine([], 'none', directory) : undefined;
  const session = new Session(
    {
      directory,
      command: [EXECUTABLE],
      osie: join(DIST, 'osie'),
      images: join(DIST, 'images'),
      memory: options.memory ?? 1024,
      ...options,
      flags: [...(options.flags ?? []), ...(engine ? ['--provisioner', 'on', '--docker-socket', engine.socket] : [])],
    },
    new AbortController().signal,
  );
  const began = Date.now();
  const say = (text: string): void => console.log(`scenario: ${((Date.now() - began) / 1000).toFixed(1)} s ${text}`);
  try {
    await session.appliance.start();
    const stage = await openStage(session, directory, say);
    await play(stage);
  } catch (error) {
    console.error(error);
    for (const { vm } of session.computers) console.error(`${vm.serialLog}:\n${tailOf(vm.serialLog, 60)}`);
    console.error(`appliance:\n${tailOf(session.appliance.log, 30)}`);
    process.exitCode = 1;
  } finally {
    await session.close();
    await engine?.stop();
  }
  process.exit();
}

async function openStage(session: Session, directory: string, say: (text: string) => void): Promise<Stage> {
  const client = session.client();
  const seen: StreamEvent[] = [];
  const waiting = new Set<(event: StreamEvent) => void>();
  // The stream goes on by itself when the appliance is killed and started again.
  void (async () => {
    for await (const event of client.events({}, 0)) {
      seen.push(event);
      for (const take of [...waiting]) take(event);
    }
  })().catch(() => {});
  return {
    session,
    directory,
    say,
    async addMachines() {
      for (const { machine } of session.computers) await client.post<Data<Machine>>('machines', hardwareOf(machine));
    },
    async addWorkflow(yaml, hardware = {}, number = 1) {
      const { data: template } = await client.sendYaml<Data<Template>>('POST', yaml, 'templates');
      const device = session.computers[number - 1]?.machine.mac ?? '';
      const { data } = await client.post<Data<Workflow>>('workflows', {
        template: template.id,
        hardware: { device_1: device, ...hardware },
      });
      return data.id;
    },
    async workflow(id) {
      return (await client.get<Data<Workflow>>('workflows', id)).data;
    },
    async history(id) {
      return (await client.get<Data<WorkflowActionEvent[]>>('workflows', id, 'events')).data;
    },
    until(what, wanted, seconds = 360) {
      const before = seen.find(wanted);
      if (before) return Promise.resolve(before);
      return new Promise((done, fail) => {
        const take = (event: StreamEvent): void => {
          if (!wanted(event)) return;
          clearTimeout(timer);
          waiting.delete(take);
          say(what);
          done(event);
        };
        const timer = setTimeout(() => {
          waiting.delete(take);
          fail(
            new Error(`after ${seconds} s: ${what} has not come; the last events: ${JSON.stringify(seen.slice(-5))}`),
          );
        }, seconds * 1000);
        waiting.add(take);
      });
    },
  };
}

function tailOf(file: string, lines: number): string {
  try {
    return readFileSync(file, 'latin1')
      .split(/[\r\n]+/)
      .slice(-lines)
      .join('\n');
  } catch {
    return '(nothing)';
  }
}

/** Each action of a workflow has succeeded, and no success is told twice. */
export function assertEachSucceededOnce(history: readonly WorkflowActionEvent[], actions: readonly string[]): void {
  const successes = history.filter(({ state }) => state === 'SUCCESS').map(({ action }) => action);
  assert.deepEqual(successes, actions);
}
