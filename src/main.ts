#!/usr/bin/env node
/**
 * The door. What machines run by themselves, the worker and its actions, starts without the command line's weight:
 * on a small or emulated machine that is seconds for each action. Everything else is for people.
 */
const [word, name, ...more] = process.argv.slice(2);
const isAction = word === 'action' && name !== undefined && !name.startsWith('-') && more.length === 0;
const isWorker = word === 'worker' && name === undefined;

if (isAction) void import('./actions/main.ts');
else if (isWorker) void import('./worker/main.ts');
else void start();

async function start(): Promise<void> {
  if (word === 'up') (await import('./appliance/heap.ts')).keepHeapSmall();
  await import('./cli/main.ts');
}
