/** `tinsmith machine …`, also by its old name `hardware`. */
import type { Noun } from '../command.ts';
import { add, push, remove } from './add.ts';
import { inventory } from './inventory.ts';
import { jobs, log } from './jobs.ts';
import { bootenv, life, lock, pause, run, stage, stages, unlock } from './life.ts';
import { param } from './param.ts';
import { get, id, ip, list, mac } from './show.ts';
import { profile, tasks } from './tasks.ts';
import { wait } from './wait.ts';

export const machine: Noun = {
  noun: 'machine',
  aliases: ['hardware'],
  summary: 'Machines: who is to be provisioned, and what becomes of them',
  commands: [
    ...[add, push, get, list, id, mac, ip, inventory],
    ...[life, stage, stages, bootenv, run, pause],
    ...[tasks, jobs, log, param, profile, lock, unlock, wait],
    remove,
  ],
};
