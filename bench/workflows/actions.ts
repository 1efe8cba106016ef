/** How long an action takes that does nothing, from the worker's first word of it to the server's last. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { runAttempt } from '../../src/worker/attempt.ts';
import { type WorkerApi, workerClient } from '../../src/worker/client.ts';
import { systemClock } from '../../src/worker/clock.ts';
import { ActionConsole } from '../../src/worker/console.ts';
import { localDisks } from '../../src/worker/disks.ts';
import { dockerEngine } from '../../src/worker/docker-engine.ts';
import { type Row, rowOf } from '../report.ts';
import { MAC, type Stage, setStage } from './stage.ts';

const ROUNDS = 15;
/** Not counted: everything is done for the first time. */
const WARM_UP = 2;
const BOOT = 'bench-boot';
const AGENT = 'bench-agent';

/** @param progress told what is being measured */
export async function benchActions(progress: (text: string) => void): Promise<Row[]> {
  progress('an action that does nothing');
  const actions = Array.from(
    { length: WARM_UP + ROUNDS },
    (_, n) => `      - {name: nothing-${n}, image: "busybox:bench", timeout: 600, command: [/bin/true]}\n`,
  );
  const stage = await setStage(actions.join(''));
  try {
    const next = await worker(stage);
    const ours: number[] = [];
    const peer: number[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      const mine = await next();
      const theirs = await dockerRun(stage);
      if (round < WARM_UP) continue;
      ours.push(mine);
      peer.push(theirs);
    }
    return [
      rowOf({
        name: 'an action that does nothing, start to acknowledged end, image present',
        ours,
        peer,
        peerName: 'docker run --rm',
        unit: 'ms',
        better: 'less',
        goal: 0.85,
      }),
    ];
  } finally {
    await stage.end();
  }
}

/** @returns what runs the workflow's next action, and says how long it took until its end was acknowledged, ms */
async function worker({ server, token, socket, directory }: Stage): Promise<() => Promise<number>> {
  const { signal } = new AbortController();
  const clock = systemClock;
  const client = workerClient({ server, token, clock, say: () => {} });
  await client.hello({ mac: MAC, boot: BOOT, agent: AGENT, version: 'bench' }, signal);
  let acknowledged = 0;
  const api: WorkerApi = {
    ...client,
    async report(body, until) {
      const answer = await client.report(body, until);
      if (body.state !== 'RUNNING') acknowledged = performance.now();
      if (body.state === 'FAILED') throw new Error(`the action has failed: ${body.message}`);
      return answer;
    },
  };
  const parts = {
    api,
    engine: dockerEngine({ sockets: [socket] }),
    notices: { onStop: () => () => {} },
    disks: localDisks(),
    // An in-memory OS has nothing to flush after such an action; here the engine itself and others write to disks.
    sync: async () => {},
    clock,
    boot: BOOT,
    directory: join(directory, 'shared'),
    // As the peer; the host of a benchmark may not allow more.
    privileged: false,
  };
  return async () => {
    const answer = await client.work({ boot: BOOT, agent: AGENT }, signal);
    if (answer.kind !== 'answer' || answer.value.kind !== 'action' || answer.value.run.kind !== 'container')
      throw new Error(`no action to do: ${JSON.stringify(answer)}`);
    const assignment = { ...answer.value, run: answer.value.run };
    const begun = performance.now();
    await runAttempt(assignment, parts, new ActionConsole(() => {}, clock, 'bench', assignment), signal);
    return acknowledged - begun;
  };
}

async function dockerRun({ socket, image }: Stage): Promise<number> {
  const begun = performance.now();
  // The host's network, as actions have it: less work than one of its own.
  const args = ['--host', `unix://${socket}`, 'run', '--rm', '--network', 'host', image, '/bin/true'];
  const [code] = await once(spawn('docker', args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
  if (code !== 0) throw new Error(`docker run has ended with ${code}`);
  return performance.now() - begun;
}
