/** `tinsmith workflow …` */
import type { Noun } from '../command.ts';
import { wait, watch } from './await.ts';
import { cancel, pause, resume, retry, skip } from './control.ts';
import { data } from './data.ts';
import { logs } from './logs.ts';
import { create, remove } from './make.ts';
import { events, get, list, services, state } from './show.ts';

export const workflow: Noun = {
  noun: 'workflow',
  summary: 'Workflows: what is being done to machines',
  commands: [
    create,
    get,
    list,
    state,
    events,
    logs,
    data,
    services,
    watch,
    wait,
    cancel,
    pause,
    resume,
    retry,
    skip,
    remove,
  ],
};
