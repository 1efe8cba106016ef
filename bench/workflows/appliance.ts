/** Our server in a process of its own, over the data directory named. Told by IPC what to measure. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createApp } from '../../src/api/app.ts';
import { directRoutes } from '../../src/api/direct.ts';
import { keepHeapSmall } from '../../src/appliance/heap.ts';
import { startHttp } from '../../src/http/index.ts';
import type { Question, Told } from './asked.ts';
import { openParts } from './parts.ts';

keepHeapSmall();
const [directory = ''] = process.argv.slice(2);
const parts = await openParts(directory);
const { workerStream, store, log } = parts;
const app = createApp(parts, { filesDirectory: directory, kernelArguments: [] });
const addresses = [{ address: '127.0.0.1', port: 0 }];
const server = await startHttp({ addresses, app, direct: directRoutes(parts), onSent: () => {}, log });
/** How often the event loop is looked at, ms: that much of what is seen is no delay. */
const RESOLUTION = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });

async function answer(question: Question): Promise<Told> {
  switch (question.ask) {
    case 'memory':
      return { memory: process.memoryUsage.rss() };
    case 'tell one': {
      const times: [string, string][] = [];
      for (const machine of question.machines) {
        times.push([machine, String(process.hrtime.bigint())]);
        workerStream.tell(machine, 'work');
        await pause(2);
      }
      return { times };
    }
    case 'tell all': {
      delay.enable();
      await pause(50);
      delay.reset();
      const began = String(process.hrtime.bigint());
      await workerStream.tellAll('work');
      await pause(500);
      return { times: [['', began]], longestSliceMs: delay.max / 1e6 - RESOLUTION };
    }
  }
}

process.on('message', async (question: Question) => process.send?.(await answer(question)));
process.once('disconnect', async () => {
  await server.stop(0);
  await store.close();
  process.exit();
});
process.send?.({ port: server.bound[0]?.port });
