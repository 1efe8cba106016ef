/** `/api/v1/worker`: the worker's side, opened by the token of its boot and bound to its machine. */
import express, { type Request, type Response, Router } from 'express';
import { TinsmithError } from '../../errors.ts';
import { normaliseMac } from '../../machines/hardware.ts';
import { interfaceOf, type Machine } from '../../machines/machines.ts';
import type { EventLog } from '../../store/events.ts';
import {
  type Assignment,
  type HeartbeatAnswer,
  type HelloAnswer,
  heartbeat,
  hello,
  type LogAnswer,
  logPost,
  report,
  workQuery,
} from '../../worker/protocol.ts';
import type { Work } from '../../workflows/workflows.ts';
import { bearerOf } from '../access.ts';
import { parseInput } from '../input.ts';
import type { Services } from '../services.ts';

/** When each machine's worker was last heard, in memory only: it changes too often for the disk. */
export class LastSeen {
  readonly #clock: () => number;
  readonly #at = new Map<string, number>();
  constructor(clock: () => number) {
    this.#clock = clock;
  }
  note(machine: string): void {
    this.#at.set(machine, this.#clock());
  }
  of(machine: string): number | undefined {
    return this.#at.get(machine);
  }
  /** Seconds since it was heard, or undefined when it has not been heard since the appliance started. */
  silentFor(machine: string): number | undefined {
    const at = this.#at.get(machine);
    return at === undefined ? undefined : (this.#clock() - at) / 1000;
  }
}

/** Events that can give a worker something to do, from the making of this on: none is missed between two questions. */
class News {
  readonly #stop: () => void;
  #came = false;
  #wake: () => void = () => {};

  constructor(events: EventLog, res: Response) {
    const came = (): void => {
      this.#came = true;
      this.#wake();
    };
    this.#stop = events.listen(({ kind }) => {
      if (kind.startsWith('workflow.') || kind === 'action.ended') came();
    });
    // A worker that has gone is not waited for, and does not keep the process up.
    res.once('close', came);
  }

  /** Resolves at the first since the last call, or after so many ms. */
  async next(ms: number): Promise<void> {
    if (!this.#came) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, ms));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#came = false;
  }

  stop(): void {
    this.#stop();
  }
}

export function workerRoutes(services: Services, lastSeen: LastSeen): Router {
  const { workflows, machines, workerTokens, stream, trace, clock, log, events, registry } = services;
  const routes = Router();

  const machineOf = (req: Request): { machine: Machine; token: string } => {
    const token = bearerOf(req);
    const id = token === undefined ? undefined : workerTokens.machineOf(token);
    const machine = id === undefined ? undefined : machines.get(id);
    if (token === undefined || !machine) {
      throw new TinsmithError(
        'UNAUTHORIZED',
        'This token opens no machine: it is of an earlier boot, or of another appliance.',
        { next: 'Restart the machine, so that it gets a new one.' },
      );
    }
    lastSeen.note(machine.id);
    return { machine, token };
  };

  // Before a body is read: who has no token sends none.
  routes.use((req, _res, next) => {
    machineOf(req);
    next();
  });
  routes.use(express.json({ limit: '8mb', type: () => true }));

  routes.post('/hello', async (req, res) => {
    const { machine, token } = machineOf(req);
    const said = parseInput(hello, req.body);
    const mac = normaliseMac(said.mac);
    if (!interfaceOf(machine, mac)) {
      throw new TinsmithError('FORBIDDEN', `This token is for ${machine.name}, which has no card ${said.mac}.`, {
        next: 'Start the worker with the MAC address that its machine booted with, or leave --id away.',
      });
    }
    await workerTokens.settle(machine.id, token);
    await workflows.hello(machine, said);
    trace.note({
      mac,
      role: 'worker',
      what: 'hello',
      outcome: 'completed',
      reason: 'worker-heard',
      sentence: `the worker of ${machine.name} is there, ${said.uptime ?? '?'} s after its kernel started`,
      details: { version: said.version, boot: said.boot },
    });
    log.info({ machine: machine.name, boot: said.boot }, 'worker heard');
    res.json({ machine: { id: machine.id, name: machine.name }, time: clock() } satisfies HelloAnswer);
  });

  routes.get('/work', async (req, res) => {
    const { machine } = machineOf(req);
    const { boot, wait } = parseInput(workQuery, req.query);
    const until = clock() + wait * 1000;
    const news = new News(events, res);
    try {
      let work = await workflows.ask(machine, boot);
      while (work.kind === 'idle' && clock() < until && !res.closed) {
        await news.next(until - clock());
        if (res.closed) return;
        lastSeen.note(machine.id);
        work = await workflows.ask(machine, boot);
      }
      res.json(dress(work, req));
    } finally {
      news.stop();
    }
  });

  /** @param host our address as the worker knows it, from its Host header: the one that works for it. */
  const sourceOf = (image: string, host: string): { pull: string; mountsExecutable: boolean } => {
    if (!registry.resolves(image)) return { pull: image, mountsExecutable: false };
    const { name, mountsExecutable } = registry.pull(image, host);
    return { pull: name, mountsExecutable };
  };

  const dress = (work: Work, req: Request): Assignment => {
    if (work.kind !== 'action') return work;
    const action = work.workflow.actions[work.key.action];
    if (!action)
      throw new TinsmithError('INTERNAL', `Workflow ${work.workflow.id} has lost its action ${work.key.action}.`);
    const { run } = action;
    return {
      kind: 'action',
      ...work.key,
      task: action.task,
      name: action.name,
      total: work.workflow.actions.length,
      timeout: action.timeout,
      run:
        run.kind === 'verb'
          ? { kind: 'verb' }
          : {
              kind: 'container',
              image: run.image,
              ...sourceOf(run.image, req.get('host') ?? ''),
              command: run.command,
              environment: run.environment,
              volumes: run.volumes,
              pid: run.pid,
              network: run.network,
            },
    };
  };

  routes.post('/log', async (req, res) => {
    const { machine } = machineOf(req);
    const next = await workflows.log(machine, parseInput(logPost, req.body));
    res.json({ next } satisfies LogAnswer);
  });

  routes.post('/heartbeat', (req, res) => {
    const { machine } = machineOf(req);
    const { progress, ...answer } = workflows.heartbeat(machine, parseInput(heartbeat, req.body));
    if (progress) {
      const { workflow, action } = progress;
      const { task, name, attempt } = workflow.actions[action] ?? { task: '', name: '', attempt: 0 };
      stream.tell({
        kind: 'progress',
        workflow: workflow.id,
        machine: machine.id,
        data: { action, attempt, task, name, progress: progress.progress },
      });
    }
    res.json(answer satisfies HeartbeatAnswer);
  });

  routes.post('/report', async (req, res) => {
    const { machine } = machineOf(req);
    res.json(await workflows.report(machine, parseInput(report, req.body)));
  });
  return routes;
}
