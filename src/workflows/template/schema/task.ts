import type { TemplateTask } from '../document.ts';
import type { Item } from '../yaml-reader.ts';
import { readAction } from './action.ts';
import { readEnvironment, readVolumes } from './container.ts';
import type { FieldReader } from './fields.ts';
import { checkLimit } from './limits.ts';

const TASK_KEYS = ['name', 'worker', 'timeout', 'actions', 'volumes', 'environment'];

/** What one worker does, one action after another. */
export function readTask(read: FieldReader, item: Item): TemplateTask | undefined {
  const fields = read.map(item, 'a task (a map with name, worker and actions)', TASK_KEYS);
  if (fields === undefined) return undefined;
  const name = read.name(read.required(fields, 'name'));
  const worker = readWorker(read, read.required(fields, 'worker'));
  const timeout = read.seconds(fields.items.get('timeout'));
  const volumes = readVolumes(read, fields.items.get('volumes'));
  const environment = readEnvironment(read, fields.items.get('environment'));
  const list = { what: 'a list of actions', one: 'action', empty: false };
  const actions = read.named(read.required(fields, 'actions'), list, (action) => {
    return readAction(read, action, { volumes, environment });
  });
  checkLimit(read, fields.items.get('timeout'), 'task', timeout, actions);
  return { name, worker, timeout, actions };
}

/** The address of a worker: which machine it means is known only to the workflow that is made from the template. */
export function readWorker(read: FieldReader, item: Item | undefined): string {
  return read.checked(item, 'the address of a worker', (worker) => {
    return /[\p{Cc}\s]/u.test(worker) ? `"${worker}" is no address of a worker, it has white space` : undefined;
  });
}
