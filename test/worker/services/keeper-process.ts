/** The keeper of services as a process of its own, that a test can kill. Its settings come as JSON in the first argument. */
import { workerClient } from '../../../src/worker/client.ts';
import { systemClock as clock } from '../../../src/worker/clock.ts';
import { dockerEngine } from '../../../src/worker/docker-engine.ts';
import { ServiceKeeper } from '../../../src/worker/services/index.ts';

const { server, socket, directory } = JSON.parse(process.argv[2] ?? '{}');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const keeper = new ServiceKeeper({
  api: workerClient({ server, token: 'token', clock, say }),
  engine: dockerEngine({ sockets: [socket] }),
  clock,
  boot: 'boot-1',
  directory,
  say,
  publishOn: '127.0.0.1',
});
await keeper.run(new AbortController().signal);
